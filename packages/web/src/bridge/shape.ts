/**
 * How a method crosses a line. A table of these is all that both ends need to know of an interface.
 * - `once`: a call that may not be repeated by itself, because it does its work twice then
 * - `again`: a call that is harmless to repeat
 * - `watch`: a stream of how things stand, each item making the ones before it worthless; ends when its signal aborts
 * - `stream`: a stream of parts, none of which may be missing; rejects with its signal's reason when that aborts
 */
export type MethodKind = 'once' | 'again' | 'watch' | 'stream';

/** Each method of an interface with the way it crosses; the compiler sees to it that none is missing. */
export type BridgeShape<Api> = {
  readonly [Method in keyof Api]: Api[Method] extends (...args: never[]) => AsyncIterable<unknown>
    ? 'watch' | 'stream'
    : 'once' | 'again';
};

export function isStream(kind: MethodKind): kind is 'watch' | 'stream' {
  return kind === 'watch' || kind === 'stream';
}

/** Items that may be under way before the receiving end has taken one: few where the next one replaces them. */
export const creditOf = { watch: 2, stream: 8 } as const;

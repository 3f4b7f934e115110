import { UnreachableError, type World } from '@tern/protocol';
import { unlessAborted } from '../abort.ts';
import { DialError, type Carrier, type Connection, type OpenOptions } from '../dialer/carrier.ts';
import type { Way } from '../dialer/way.ts';

/** What a network does, at this moment, to one way. Everything may change while a test runs. */
export interface NetworkRules {
  /** each way there and back; 60 unless given */
  readonly rttMs?: number;
  /** of the line, both directions; 2.5 MB/s unless given */
  readonly bytesPerSecond?: number;
  /** of one connection on this way, beside the line's own */
  readonly throttled?: (way: Way) => number | undefined;
  /** of the system's resolver; 20 unless given */
  readonly lookupMs?: number;
  /** what it says of a name */
  readonly nameDead?: (host: string) => boolean;
  /** the address that is dialled; one for each host unless given */
  readonly addressOf?: (way: Way) => string;
  readonly onConnect?: (way: Way) => 'refuse' | 'silence' | undefined;
  readonly onHello?: (way: Way) => 'reset' | 'silence' | undefined;
  /** after so many packets of a connection, in both directions, or so many bytes in one, nothing passes */
  readonly freeze?: (
    way: Way,
  ) => { readonly packets?: number; readonly up?: number; readonly down?: number } | undefined;
  /** a name is banned for 120 s when its hellos come like this, in three readings of what is known */
  readonly ban?: 'run' | 'mixed' | 'count';
  /** nothing comes any more over a connection on which nothing was said for so long, ms */
  readonly forgetsMs?: number;
  /** whoever waits for an answer for longer, ms, has the connection cut */
  readonly cutsMs?: number;
  /** a connection is asked so often, ms, whether the other side is there, as a browser's system does: two packets each time */
  readonly keepAliveMs?: number;
  /** of one exchange, asked when its request leaves */
  readonly fate?: (way: Way, request: Uint8Array) => Fate | undefined;
}

/** What becomes of one exchange beside what the rules make of it. */
export interface Fate {
  /** The connection is cut in the middle of the request or of its answer, or nothing comes any more. */
  readonly stop?: {
    readonly direction: 'up' | 'down' | 'either';
    /** read when it has stopped */
    readonly how: 'cut' | 'silence';
    /** Of so many bytes, how many pass; where that is all of them nothing stops. Asked of a request when it leaves, of an answer when it comes. */
    readonly after: (length: number, direction: 'up' | 'down') => number;
  };
  /** the request is on its way for so much longer, ms: others pass it */
  readonly lateMs?: number;
  /** it arrives a second time, so much later, ms; that answer is lost */
  readonly againMs?: number;
}

/** What stands behind the network. @throws {DialError} where the connection ends instead */
export type Answering = (
  way: Way,
  request: Uint8Array,
  options: { readonly signal: AbortSignal },
) => Promise<Uint8Array>;

const segmentBytes = 1400;
const handshakePackets = 14;
const banMs = 120_000;
/** A relay closes a connection on which nothing was asked for so long. */
const relayKeepsMs = 65_000;

export interface Hello {
  readonly name: string;
  readonly at: number;
}

/**
 * A relay behind a network, as a carrier sees it, packets counted. Where nothing else answers, a request's first bytes say how long its
 * answer is to be.
 */
export class SimulatedNetwork implements Carrier {
  readonly name = 'https';
  rules: NetworkRules;
  readonly hellos: Hello[] = [];
  /** when each one began, and of which name */
  readonly bans: Hello[] = [];
  /** requests that arrived */
  served = 0;
  /** which connection carries a request is not seen, nor how it is opened: any that is idle, and a new one where none is */
  readonly blind: boolean;
  readonly #world: World;
  readonly #answer: Answering | undefined;
  readonly #lineFreeAt = { up: 0, down: 0 };
  readonly #idle = new Map<string, Socket[]>();
  #text: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(
    world: World,
    rules: NetworkRules = {},
    options: { readonly blind?: boolean; readonly answer?: Answering } = {},
  ) {
    this.#world = world;
    this.rules = rules;
    this.blind = options.blind ?? false;
    this.#answer = options.answer;
  }

  get rttMs(): number {
    return this.rules.rttMs ?? 60;
  }

  async open(way: Way, options: OpenOptions): Promise<Connection> {
    if (this.blind) return new SimulatedConnection(this, way);
    await this.connect(way, options);
    return new SimulatedConnection(this, way);
  }

  /** Whoever asks cannot see it: as in a browser. */
  async connect(
    way: Way,
    { signal, reached, mayGreet }: Pick<OpenOptions, 'signal' | 'reached' | 'mayGreet'>,
  ): Promise<void> {
    const { rules } = this;
    const pass = (ms: number): Promise<void> => this.#world.wait(ms, { signal });
    const never = (): Promise<never> => unlessAborted(new Promise<never>(() => undefined), signal);
    if (way.by === 'system') {
      await pass(rules.lookupMs ?? 20);
      if (rules.nameDead?.(way.host) === true) throw new DialError('name', 'no such name');
    } else if (way.by === 'doh') await pass(3 * this.rttMs);
    reached('resolved');
    const met = rules.onConnect?.(way);
    if (met === 'silence') return never();
    await pass(this.rttMs);
    if (met === 'refuse') throw new DialError('refused', 'refused');
    reached('connected', rules.addressOf?.(way) ?? `${way.host} at home`);
    await mayGreet?.({ signal });
    if (this.#isBanned(way)) return never();
    const heard = rules.onHello?.(way);
    if (heard === 'silence') return never();
    await this.#send('down', 4500, signal);
    await pass(this.rttMs);
    if (heard === 'reset') throw new DialError('reset', 'reset');
  }

  /** A browser asks on any connection to that place that is idle, whoever meant it for what, and opens one where none is. */
  async socketFor(way: Way, signal: AbortSignal): Promise<Socket> {
    const idle = this.#idle.get(placeOf(way))?.pop();
    if (idle !== undefined && this.#world.now() - idle.leftAt < relayKeepsMs) return idle;
    await this.connect(way, { signal, reached: () => undefined });
    return freshSocket();
  }

  leave(way: Way, socket: Socket): void {
    socket.leftAt = this.#world.now();
    const place = placeOf(way);
    this.#idle.set(place, [...(this.#idle.get(place) ?? []), socket]);
  }

  /** The line takes its time for so many bytes, after those before. */
  async #send(direction: 'up' | 'down', bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#world.now();
    const from = Math.max(now, this.#lineFreeAt[direction]);
    const until = from + (bytes * 1000) / (this.rules.bytesPerSecond ?? 2_500_000);
    this.#lineFreeAt[direction] = until;
    if (until > now) await this.#world.wait(until - now, { signal });
  }

  #isBanned(way: Way): boolean {
    if (way.serverName === '' || !way.tls) return false;
    const name = way.serverName;
    const now = this.#world.now();
    if (this.bans.some((ban) => ban.name === name && now - ban.at < banMs)) return true;
    const starts = [...this.hellos.filter((hello) => hello.name === name).map(({ at }) => at), now];
    this.hellos.push({ name, at: now });
    if (!breaks(this.rules.ban, starts)) return false;
    this.bans.push({ name, at: now });
    return true;
  }

  async *serve(
    request: Uint8Array,
    to: {
      readonly way: Way;
      readonly spend: (direction: 'up' | 'down', bytes: number) => boolean;
      readonly heldMs: number;
    },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    const pass = (ms: number): Promise<void> => this.#world.wait(ms, { signal });
    const never = (): Promise<never> => unlessAborted(new Promise<never>(() => undefined), signal);
    const send = async (direction: 'up' | 'down', bytes: number): Promise<void> => {
      if (!to.spend(direction, bytes)) await never();
      const slow = this.rules.throttled?.(to.way);
      if (slow !== undefined) await pass((bytes * 1000) / slow);
      await this.#send(direction, bytes, signal);
    };
    const { stop, lateMs = 0, againMs } = this.rules.fate?.(to.way, request) ?? {};
    const passing = (direction: 'up' | 'down', bytes: number): number =>
      stop?.direction === direction || stop?.direction === 'either'
        ? Math.min(stop.after(bytes, direction), bytes)
        : bytes;
    const ended = async (): Promise<never> => {
      if (stop?.how === 'silence') await never();
      throw new DialError('closed', 'the connection was cut');
    };
    const up = passing('up', request.length);
    for (let at = 0; at < up; at += segmentBytes) await send('up', Math.min(segmentBytes, up - at));
    if (up < request.length) await ended();
    await pass(this.rttMs + lateMs);
    if (againMs !== undefined) void this.#arriveAgain(to.way, request, againMs);
    const asked = this.#world.now();
    const answer = await this.#answered(request, to, signal);
    const waitedMs = this.#world.now() - asked;
    if (to.heldMs > waitedMs && waitedMs >= (this.rules.cutsMs ?? Infinity)) await ended();
    if (Math.min(waitedMs, this.rules.keepAliveMs ?? Infinity) > (this.rules.forgetsMs ?? Infinity))
      await never();
    for (let at = this.rules.keepAliveMs ?? Infinity; at < waitedMs; at += this.rules.keepAliveMs ?? Infinity)
      if (!to.spend('up', 0)) await never();
    const down = passing('down', answer.length);
    for (let at = 0; at < down; at += segmentBytes) {
      const piece = answer.subarray(at, Math.min(at + segmentBytes, down));
      await send('down', piece.length);
      yield piece;
    }
    if (down < answer.length) await ended();
  }

  async #answered(
    request: Uint8Array,
    { way, heldMs }: { readonly way: Way; readonly heldMs: number },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    this.served += 1;
    if (this.#answer !== undefined) return this.#answer(way, request, { signal });
    if (heldMs > 0)
      await Promise.race([
        this.#world.wait(Math.min(heldMs, this.rules.cutsMs ?? Infinity), { signal }),
        unlessAborted(this.#text.promise, signal),
      ]);
    else {
      this.#text.resolve();
      this.#text = Promise.withResolvers();
    }
    return new Uint8Array(answerLength(request));
  }

  async #arriveAgain(way: Way, request: Uint8Array, afterMs: number): Promise<void> {
    const { signal } = new AbortController();
    await this.#world.wait(afterMs, { signal });
    await this.#answer?.(way, request, { signal }).catch(() => undefined); // as it ends, nobody is there to see it
  }
}

/** What carries exchanges, and what it carried. */
interface Socket {
  /** when it carried something last, ms since 1970 */
  leftAt: number;
  readonly spent: { packets: number; up: number; down: number };
}

function freshSocket(): Socket {
  return { leftAt: 0, spent: { packets: handshakePackets, up: 0, down: 0 } };
}

class SimulatedConnection implements Connection {
  readonly shared = false;
  usable = true;
  readonly #network: SimulatedNetwork;
  readonly #way: Way;
  #socket: Socket = freshSocket();

  constructor(network: SimulatedNetwork, way: Way) {
    this.#network = network;
    this.#way = way;
  }

  async *exchange(
    request: Uint8Array,
    {
      signal,
      heldMs,
      last,
    }: { readonly signal: AbortSignal; readonly heldMs: number; readonly last: boolean },
  ): AsyncIterable<Uint8Array> {
    let whole = false;
    try {
      if (this.#network.blind) this.#socket = await this.#network.socketFor(this.#way, signal);
      const spend = (direction: 'up' | 'down', bytes: number): boolean => this.#spend(direction, bytes);
      yield* this.#network.serve(request, { way: this.#way, spend, heldMs }, signal);
      whole = true;
      if (this.#network.blind && !last) this.#network.leave(this.#way, this.#socket);
    } catch (error) {
      // of what befell the connection a browser says nothing
      if (!this.#network.blind || !(error instanceof DialError) || error.ended === 'not-a-relay') throw error;
      throw new UnreachableError('the connection failed', { cause: error });
    } finally {
      if (!whole || last) this.usable = false;
    }
  }

  close(): void {
    this.usable = false;
  }

  /** a segment and what acknowledges it: each of those that go up, every second of those that come down */
  #spend(direction: 'up' | 'down', bytes: number): boolean {
    const limit = this.#network.rules.freeze?.(this.#way);
    const { spent } = this.#socket;
    spent.packets += direction === 'up' ? 2 : 1.5;
    spent[direction] += bytes;
    const { packets, up, down } = spent;
    return !(
      packets > (limit?.packets ?? Infinity) ||
      up > (limit?.up ?? Infinity) ||
      down > (limit?.down ?? Infinity)
    );
  }
}

function breaks(rule: NetworkRules['ban'], starts: readonly number[]): boolean {
  const last = starts.at(-1) ?? 0;
  const recent = starts.filter((at) => last - at < 60_000);
  const gaps = (of: readonly number[]): readonly number[] =>
    of.slice(1).map((at, place) => at - (of[place] ?? 0));
  switch (rule) {
    case undefined:
      return false;
    case 'count':
      return recent.length > 3;
    case 'mixed':
      return recent.length > 3 && gaps(recent).some((gap) => gap < 400);
    case 'run':
      return starts.length > 3 && gaps(starts.slice(-4)).every((gap) => gap < 400);
  }
}

/** A request of so many bytes for an answer of so many. */
export function requestFor(answerBytes: number, upBytes = 700): Uint8Array {
  const request = new Uint8Array(upBytes);
  new DataView(request.buffer).setUint32(0, answerBytes);
  return request;
}

function placeOf({ host, port }: Way): string {
  return `${host}:${port}`;
}

function answerLength(request: Uint8Array): number {
  return new DataView(request.buffer, request.byteOffset).getUint32(0);
}

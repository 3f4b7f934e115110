import type { VNode } from 'preact';

export interface AvatarProps {
  /** of a person or a conversation: decides the colour, so that it is the same everywhere */
  readonly id: string;
  readonly name: string;
  readonly size?: 'small' | 'medium' | 'large';
}

const colours = 8;

/** Initials on a colour. Decoration: the name stands beside it. */
export function Avatar({ id, name, size = 'medium' }: AvatarProps): VNode {
  return (
    <span class={`avatar ${size} hue-${hueOf(id)}`} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}

/** @returns which of the palette's person colours, 0 to 7 */
export function hueOf(id: string): number {
  let sum = 0;
  for (let at = 0; at < id.length; at++) sum = (sum * 31 + id.charCodeAt(at)) >>> 0;
  return sum % colours;
}

/** The first letters of the first and last words, of whatever script; names are hostile text, so marks and controls count for nothing. */
function initialsOf(name: string): string {
  const words = name.slice(0, 200).match(/[\p{L}\p{N}]+/gu) ?? [];
  const [first, last] = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return [first, last]
    .map((word) => String.fromCodePoint(word?.codePointAt(0) ?? 0x20))
    .join('')
    .trim()
    .toUpperCase();
}

import { createHash } from 'node:crypto';
import type { Profile } from './profile.ts';

/** Who is in a run: `a` and `b` inside with different providers, `c` outside, and `d` inside, who was away when the block began. */
export type Person = 'a' | 'b' | 'c' | 'd';

/** What somebody does, and when: milliseconds since the block began. */
export type Step = Words | Picture;

export interface Words {
  readonly kind: 'text';
  readonly at: number;
  readonly from: Person;
  readonly to: Person;
  readonly text: string;
  /** said by somebody whose program is started for it, with what it knew yesterday */
  readonly cold: boolean;
}

export interface Picture {
  readonly kind: 'file';
  readonly at: number;
  readonly from: Person;
  readonly to: Person;
  readonly name: 'photo' | 'voice';
  readonly size: number;
}

const textBytes = 500;

/** Who writes to whom, in turn: within the country both ways, and over the border both ways. */
const turns: readonly (readonly [Person, Person])[] = [
  ['a', 'b'],
  ['b', 'a'],
  ['a', 'c'],
  ['c', 'a'],
];

/**
 * Everything that is done in a run, in order. Texts are spread evenly; a voice note crosses the border after a fifth of that time, a
 * photo stays inside (and is so watched twice) after two fifths; the cold start comes after three fifths.
 */
export function workload(profile: Profile, seed: number): readonly Step[] {
  const every = profile.overMs / profile.texts;
  const texts = Array.from({ length: profile.texts }, (_, at): Step => {
    const [from, to] = turns[at % turns.length] ?? ['a', 'b'];
    const text = words(`${seed}-${at}`);
    return { kind: 'text', at: Math.round((at + 0.5) * every), from, to, text, cold: false };
  });
  const share = (part: number): number => Math.round(profile.overMs * part);
  const others: readonly Step[] = [
    { kind: 'file', at: share(0.2), from: 'a', to: 'c', name: 'voice', size: profile.voiceBytes },
    { kind: 'file', at: share(0.4), from: 'b', to: 'a', name: 'photo', size: profile.photoBytes },
    { kind: 'text', at: share(0.6), from: 'd', to: 'a', text: words(`${seed}-cold`), cold: true },
  ];
  return [...texts, ...others].toSorted((one, other) => one.at - other.at);
}

/** What is said before the block, to know that everybody can. */
export function greetings(): readonly (readonly [from: Person, to: Person, text: string])[] {
  return (
    [
      ['a', 'b'],
      ['a', 'c'],
      ['d', 'a'],
    ] as const
  ).map(([from, to]) => [from, to, words(`greeting-${from}-${to}`)]);
}

/** Five hundred bytes that differ from all others and begin with their name. */
function words(name: string): string {
  let text = `${name}:`;
  for (let at = 0; text.length < textBytes; at += 1)
    text += ` ${createHash('sha256').update(`${name} ${at}`).digest('base64url')}`;
  return text.slice(0, textBytes);
}

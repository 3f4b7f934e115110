import type { PlainWordKey } from '../words/words.ts';

/** What is the matter with a relay, and what a person can do about it or need not. */
export interface TroubleWords {
  readonly what: PlainWordKey;
  readonly next: PlainWordKey;
}

const words: ReadonlyMap<string, TroubleWords> = new Map<string, TroubleWords>([
  ['unreachable', { what: 'trouble.unreachable', next: 'trouble.nextByItself' }],
  ['silent', { what: 'trouble.silent', next: 'trouble.nextByItself' }],
  ['busy', { what: 'trouble.busy', next: 'trouble.nextByItself' }],
  ['full', { what: 'trouble.full', next: 'trouble.nextAnother' }],
  ['quota', { what: 'trouble.quota', next: 'trouble.nextAnother' }],
  ['refused', { what: 'trouble.refused', next: 'trouble.nextNewLink' }],
  ['wrong-relay', { what: 'trouble.wrongRelay', next: 'trouble.nextNewLink' }],
  ['not-a-relay', { what: 'trouble.notARelay', next: 'trouble.nextOtherNetwork' }],
  ['clock', { what: 'trouble.clock', next: 'trouble.nextClock' }],
  ['spent', { what: 'trouble.spent', next: 'trouble.nextAskAgain' }],
  ['revoked', { what: 'trouble.revoked', next: 'trouble.nextAskAgain' }],
  ['expired', { what: 'trouble.expired', next: 'trouble.nextAskAgain' }],
  ['malformed', { what: 'trouble.malformed', next: 'trouble.nextUpdate' }],
  ['unsupported', { what: 'trouble.unsupported', next: 'trouble.nextAnother' }],
  ['storage-full', { what: 'trouble.storageFull', next: 'trouble.nextFree' }],
]);

/** For any code there is a sentence: one that is not known means that the relay cannot be reached. */
export function troubleWords(code: string): TroubleWords {
  return words.get(code) ?? { what: 'trouble.unreachable', next: 'trouble.nextByItself' };
}

/** Codes of steps on the way to success, which the next exchange settles by itself: nothing to worry anybody with. */
const passing: ReadonlySet<string> = new Set([
  'conflict',
  'stale-epoch',
  'missing-chunk',
  'watch-unknown',
  'closed',
  'stopped',
]);

export function isPassing(code: string): boolean {
  return passing.has(code);
}

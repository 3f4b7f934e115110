import type { Trouble } from '@tern/core';

/** What the relays' refusals mean for people, with what becomes of their things. The name of the relay comes first. */
const sentences: ReadonlyMap<string, string> = new Map([
  ['full', 'has no room left just now; what waits here stays here and goes later'],
  ['quota', 'has kept as much for you as it may; what waits here stays here'],
  ['refused', 'does not let this home in; its link may be too old'],
  ['wrong-relay', 'is another one than its link says, so nothing was sent there'],
  ['not-a-relay', 'answers, but not as a relay; somebody on the way may be answering for it'],
  ['clock', 'and this machine disagree about the time: look at the clock'],
  ['busy', 'is busy just now; what waits here stays here and goes later'],
  ['spent', 'says that an invitation you accepted was used already'],
  ['revoked', 'says that an invitation you accepted was revoked'],
  ['expired', 'says that an invitation you accepted has expired'],
  ['malformed', 'does not understand what was sent'],
  ['unsupported', 'is too old for what was sent'],
]);

/** Steps on the way to success, which the next exchange settles by itself. */
const passing: ReadonlySet<string> = new Set([
  'conflict',
  'stale-epoch',
  'missing-chunk',
  'watch-unknown',
  'closed',
  'stopped',
]);

/** One calm line: what is the matter, and that nothing is lost. @returns undefined for what nobody need know */
export function troubleWords(trouble: Trouble): string | undefined {
  if (passing.has(trouble.code)) return undefined;
  const sentence =
    sentences.get(trouble.code) ?? 'cannot be reached just now; what waits here stays here and goes later';
  return `the relay ${trouble.origin} ${sentence}`;
}

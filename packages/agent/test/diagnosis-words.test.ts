import { expect, test } from 'vitest';
import { diagnosisEn, diagnosisRu, type Cause, type Diagnosis } from '@tern/reach/diagnosis';
import { causeLines, diagnosisObject, earlierLines, wayTable } from '../src/diagnosis-words.ts';

const causes: readonly Cause[] = [
  { kind: 'works' },
  { kind: 'name-removed' },
  { kind: 'wrong-address' },
  { kind: 'reset' },
  { kind: 'silent-after-hello' },
  { kind: 'frozen', bytes: 16_400, packetsEstimate: 25 },
  { kind: 'throttled', bitsPerSecond: 141_000 },
  { kind: 'slow-network' },
  { kind: 'banned', seconds: 124 },
  { kind: 'protocol-refused' },
  { kind: 'border-cut' },
  { kind: 'no-network' },
  { kind: 'relay-down' },
  { kind: 'unclear' },
];

function diagnosis(cause: Cause): Diagnosis {
  return {
    way: { key: 'k', kind: 'https', name: 'harbour.example\u202e', port: 443 },
    cause,
    passes: 'text',
    evidence: {
      rule: 'r',
      attempts: 3,
      answered: 2,
      alike: 2,
      agoMs: 10,
      roundTripMs: 49.6,
      bitsPerSecond: 3_200_000,
      control: { key: 'c', arm: 'relay', answered: true },
    },
  };
}

test('every cause has a calm sentence, and says what Tern does about it, with everything filled in', () => {
  for (const cause of causes) {
    const [what, tern] = causeLines(diagnosis(cause));
    for (const line of causeLines(diagnosis(cause)))
      expect([cause.kind, line]).toEqual([cause.kind, expect.stringMatching(/^[^{}!]+\.$/u)]);
    expect([cause.kind, what?.length, tern?.length]).toEqual([
      cause.kind,
      expect.any(Number),
      expect.any(Number),
    ]);
  }
  expect(causeLines(diagnosis({ kind: 'frozen', bytes: 16_400, packetsEstimate: 25 }))[0]).toContain(
    'about 16.4 kB',
  );
});

test('what is not of now says so', () => {
  const one = diagnosis({ kind: 'frozen', bytes: 16_400, packetsEstimate: 25 });
  expect(earlierLines(one)).toEqual([]);
  const earlier = { ...one, evidence: { ...one.evidence, earlier: true as const, agoMs: 250_000 } };
  expect(earlierLines(earlier)).toEqual([
    'Seen by the app 4 min ago; what was tried now does not reach so far.',
  ]);
});

test('English and Russian say the same, with the same places', () => {
  const places = (text: string): readonly string[] => (text.match(/\{\w+\}/gu) ?? []).toSorted();
  for (const [key, text] of Object.entries(diagnosisEn)) {
    const other = Object.entries(diagnosisRu).find(([name]) => name === key)?.[1];
    expect([key, places(other ?? '')]).toEqual([key, places(text)]);
    expect([key, /[а-я]/u.test(other ?? '')]).toEqual([key, true]);
  }
});

test('a table of ways keeps its columns, and no name reaches the terminal raw', () => {
  const [head, row] = wayTable([diagnosis({ kind: 'throttled', bitsPerSecond: 141_000 })]);
  expect(head?.indexOf('cause')).toBe(row?.indexOf('throttled'));
  expect(row).toContain('2 of 3');
  expect(row).toContain('3.2 Mbit/s');
  expect(row).toContain('another relay, answered');
  expect(row).toContain('harbour.example\\u{202E}:443');
});

test('for scripts the measures stand beside the cause', () => {
  expect(diagnosisObject(diagnosis({ kind: 'banned', seconds: 124 }))).toMatchObject({
    cause: 'banned',
    seconds: 124,
    passes: 'text',
  });
  expect(diagnosisObject({ ...diagnosis({ kind: 'works' }), way: undefined })).toMatchObject({
    network: true,
  });
});

import { describe, expect, test } from 'vitest';
import { parseJournal, type Line } from './programs/crash-command.ts';
import { faultsBetween, type Side } from './support/crash-check.ts';

type Message = Extract<Line, { readonly kind: 'message' }>;

function message(number: number, change: Partial<Message> = {}): Message {
  return {
    kind: 'message',
    id: `m${number}`,
    fromMe: false,
    number,
    position: number,
    status: 'delivered',
    text: `${number} anna>boris`,
    ...change,
  };
}

/** Anna wrote three messages, was promised all of them, and Boris sees what the test says. */
function faults(
  seen: readonly Line[],
  changed: { readonly anna?: Partial<Side>; readonly boris?: Partial<Side> } = {},
): readonly string[] {
  const nothing = { journal: parseJournal(''), lines: [], notices: ['joined'], invitations: [] };
  const anna: Side = {
    ...nothing,
    name: 'anna',
    journal: parseJournal(
      'durable m1 boris\ndurable m2 boris\ninvited i1\nstored m1\nstored m2\ndurable m3 boris\n',
    ),
    lines: [1, 2, 3].map((number) => message(number, { fromMe: true })),
    invitations: ['i1'],
    ...changed.anna,
  };
  return faultsBetween(anna, { ...nothing, name: 'boris', lines: seen, ...changed.boris });
}

const whole = [message(1), message(2), message(3)];

describe('the crash test sees', () => {
  test('that nothing is wrong where nothing is', () => {
    expect(faults(whole)).toEqual([]);
  });

  test('a message that was promised and did not arrive', () => {
    expect(faults([message(1), message(3)])).toContain('anna>boris: m2 was stored and did not arrive');
    expect(faults([message(1), message(2)])).toEqual(['anna>boris: m3 was durable and did not arrive']);
    expect(faults([message(1), { kind: 'gap', missing: 1 }, message(3)])).toContain(
      'anna>boris: a gap of 1 is left',
    );
  });

  test('a message that is gone from the home it was written in, or waits there still', () => {
    const lines = [1, 2].map((number) => message(number, { fromMe: true }));
    expect(faults(whole, { anna: { lines } })).toContain(
      'anna>boris: m3 was durable and is gone from the home it was written in',
    );
    const waits = [...lines, message(3, { fromMe: true, status: 'queued' })];
    expect(faults(whole, { anna: { lines: waits } })).toEqual(['anna>boris: m3 is queued']);
  });

  test('a message that is seen twice, or that nobody wrote', () => {
    expect(faults([...whole, message(3)])).toContain('anna>boris: m3 is seen twice');
    expect(faults([...whole, message(4)])).toEqual(['anna>boris: m4 was never written']);
    expect(faults([message(1), message(2), message(3, { text: '3 anna>clara' })])).toEqual([
      'anna>boris: m3 says something else than was written',
    ]);
  });

  test('messages out of their order', () => {
    expect(faults([message(2), message(1, { position: 3 }), message(3)])).toEqual([
      'anna>boris: "1 anna>boris" is seen out of order',
      'anna>boris: number 2 is not in its place',
    ]);
  });

  test('that a relay lost what it had said it stored, though it was sent again', () => {
    const late = [message(1), message(2, { position: 4 }), message(3)];
    expect(faults(late)).toEqual(['anna>boris: what was written before number 3 was lost, and sent again']);
  });

  test('an invitation that is forgotten, and a notice that nobody should have got', () => {
    expect(faults(whole, { anna: { invitations: [] } })).toEqual(['anna: invitation i1 is gone']);
    expect(faults(whole, { boris: { notices: ['joined', 'rejoined'] } })).toEqual([
      'boris was told "rejoined" about anna',
    ]);
  });
});

test('a line that was cut off in the journal is no promise', () => {
  const { durable, stored } = parseJournal('durable m1 boris\nstored m1\ndurable m2 bo');
  expect([...durable]).toEqual([['m1', 'boris']]);
  expect([...stored]).toEqual(['m1']);
});

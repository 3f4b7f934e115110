import { expect, test } from 'vitest';

import { decodeGroup, encodeGroup } from './group-crypto-storage.ts';
import { epochAuthenticator, epochOf, membersOf } from '../src/group-crypto.ts';
import {
  chance,
  changed,
  circleOf,
  expectKind,
  must,
  testCrypto,
  text,
  utf8,
  type Circle,
} from './group-crypto-devices.ts';

const groups = 100;
const mostMembers = 12;
/** Always these groups, so that a failure is of what was changed; `npm run soak` tries others. */
const gateSeed = 574_872_536;

test(
  `in ${groups} random groups of 16 to 24 steps every member follows and every newcomer joins`,
  // forty seconds on a quiet machine
  { timeout: 1_800_000 },
  async () => {
    const seed = Number(process.env['TERN_SEED'] ?? gateSeed);
    console.info(`random groups: TERN_SEED=${seed}`);
    const crypto = await testCrypto();
    const pick = chance(seed);
    for (let number = 0; number < groups; number += 1) {
      let names = 1 + pick(3);
      let circle = await circleOf(
        crypto,
        Array.from({ length: names }, (_, at) => `device ${at}`),
      );
      const steps = 16 + pick(9);
      const most = 3 + pick(mostMembers - 2);
      for (let step = 0; step < steps; step += 1) {
        const members = [...circle.keys()];
        const by = must(members[pick(members.length)]);
        const others = members.filter((name) => name !== by);
        const add =
          pick(5) < 2
            ? Array.from({ length: Math.min(1 + pick(3), most - members.length) }, () => `device ${names++}`)
            : [];
        const remove = others.length > 0 && pick(3) === 0 ? [must(others[pick(others.length)])] : [];
        circle = await changed(crypto, circle, { by, add, remove });
        const [first, ...rest] = [...circle.values()];
        const expected = epochAuthenticator(must(first));
        for (const group of rest)
          expect(epochAuthenticator(group), `group ${number} step ${step}`).toEqual(expected);
        expect(membersOf(must(first)).length).toBe(circle.size);
        if (pick(4) === 0) circle = afterRestart(circle);
        if (pick(4) === 0) circle = await afterTalk(circle, pick);
      }
    }

    function afterRestart(circle: Circle): Circle {
      return new Map(
        [...circle].map(([name, group]) => [name, decodeGroup(crypto, encodeGroup(crypto, group))]),
      );
    }

    async function afterTalk(circle: Circle, pick: (below: number) => number): Promise<Circle> {
      const names = [...circle.keys()];
      const by = must(names[pick(names.length)]);
      const { message, next } = await crypto.sealMessage(must(circle.get(by)), utf8(`from ${by}`));
      const after = new Map([[by, next]]);
      for (const [name, group] of circle) {
        if (name === by) continue;
        const opened = expectKind(
          await crypto.openMessage(group, message, { now: Date.UTC(2026, 10, 23), authorise: () => false }),
          'message',
        );
        expect(text(opened.plaintext)).toBe(`from ${by}`);
        expect(opened.epoch).toBe(epochOf(group));
        after.set(name, opened.next);
      }
      return new Map(names.map((name) => [name, must(after.get(name))]));
    }
  },
);

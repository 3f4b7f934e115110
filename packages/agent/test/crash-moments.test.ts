import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openHome } from '../src/home.ts';
import { machineWorld } from './programs/machine-world.ts';
import { faultsIn } from './support/crash-reading.ts';
import { crashTown, Died, introduce, settleTown, type Device } from './support/crash-town.ts';

const folder = mkdtempDisposableSync(join(tmpdir(), 'tern-crash-'));
const town = await crashTown(folder.path, []);
afterAll(async () => {
  await town[Symbol.asyncDispose]();
  folder.remove();
});

interface Acquainted extends AsyncDisposable {
  readonly anna: Device;
  readonly boris: Device;
}

/** Two people who have talked before; each test has its own two, all have the same relay. */
async function acquainted(): Promise<Acquainted> {
  const [anna, boris] = [await town.arrive(newName('anna')), await town.arrive(newName('boris'))];
  await introduce(town, anna, boris);
  await anna.do({ do: 'say', to: boris.name, text: '1 before' });
  await settleTown(town, [anna, boris]);
  return {
    anna,
    boris,
    async [Symbol.asyncDispose]() {
      await anna.kill();
      await boris.kill();
    },
  };
}

function newName(name: string): string {
  return `${name}-${town.devices.length}`;
}

async function shown(
  by: Device,
  other: Device,
): Promise<readonly (readonly [text: string, status: string])[]> {
  const { lines = [] } = await by.insist({ do: 'list', with: other.name });
  return lines.map((line) =>
    line.kind === 'gap' ? ['gap', String(line.missing)] : [line.text, line.status],
  );
}

async function expectNoFaults({ anna, boris }: Acquainted): Promise<void> {
  await settleTown(town, [anna, boris]);
  const pairs = [[anna.name, boris.name]] as const;
  expect(await faultsIn(town, { pairs, reading: [anna.name, boris.name] })).toEqual([]);
}

describe('a device that is killed', () => {
  test('after a relay stored its message and before it knew: the message is seen once', async () => {
    await using two = await acquainted();
    const { anna, boris } = two;
    await anna.do({ do: 'say', to: boris.name, text: '2 answer lost' });
    await anna.arm({ at: 'answered', count: 2, turns: 0 }); // of its look, and of its append
    await expect(anna.do({ do: 'sync' })).rejects.toThrow(Died);
    await boris.do({ do: 'sync' });
    expect((await shown(boris, anna)).map(([text]) => text)).toEqual(['1 before', '2 answer lost']);
    expect((await shown(anna, boris)).at(-1)).toEqual(['2 answer lost', 'queued']);
    await anna.do({ do: 'say', to: boris.name, text: '3 after' });
    await expectNoFaults(two);
    expect((await shown(boris, anna)).map(([text]) => text)).toEqual([
      '1 before',
      '2 answer lost',
      '3 after',
    ]);
  });

  test('before a message was durable: it was never promised, and nothing is missing', async () => {
    await using two = await acquainted();
    const { anna, boris } = two;
    await anna.arm({ at: 'written', count: 1, turns: 0 });
    await expect(anna.do({ do: 'say', to: boris.name, text: '2 too early' })).rejects.toThrow(Died);
    await anna.do({ do: 'say', to: boris.name, text: '3 after' });
    await expectNoFaults(two);
    expect((await shown(boris, anna)).map(([text]) => text)).toEqual(['1 before', '3 after']);
  });

  test('when a message was durable and its writer not told: it leaves all the same, once', async () => {
    await using two = await acquainted();
    const { anna, boris } = two;
    await anna.arm({ at: 'committed', count: 1, turns: 0 });
    await expect(anna.do({ do: 'say', to: boris.name, text: '2 just in time' })).rejects.toThrow(Died);
    await expectNoFaults(two);
    expect((await shown(boris, anna)).map(([text]) => text)).toEqual(['1 before', '2 just in time']);
  });

  test('when it had sealed a message and not sent it: the same seal leaves later', async () => {
    await using two = await acquainted();
    const { anna, boris } = two;
    await anna.do({ do: 'say', to: boris.name, text: '2 sealed' });
    await anna.arm({ at: 'carried', count: 2, turns: 0 });
    await expect(anna.do({ do: 'sync' })).rejects.toThrow(Died);
    await boris.do({ do: 'sync' });
    expect((await shown(boris, anna)).map(([text]) => text)).toEqual(['1 before']);
    await expectNoFaults(two);
    expect((await shown(boris, anna)).map(([text]) => text)).toEqual(['1 before', '2 sealed']);
  });

  test('when it had read a message and not written it down: the message is seen once', async () => {
    await using two = await acquainted();
    const { anna, boris } = two;
    await anna.do({ do: 'say', to: boris.name, text: '2 read twice' });
    await anna.do({ do: 'sync' });
    for (const at of ['written', 'committed'] as const) {
      await boris.arm({ at, count: 1, turns: 0 });
      await expect(boris.do({ do: 'sync' })).rejects.toThrow(Died);
    }
    await expectNoFaults(two);
    expect((await shown(boris, anna)).map(([text]) => text)).toEqual(['1 before', '2 read twice']);
  });
});

describe('a relay that is killed', () => {
  test('after it stored a message and before it said so: the message is seen once', async () => {
    await using two = await acquainted();
    const { anna, boris } = two;
    await anna.do({ do: 'say', to: boris.name, text: '2 word lost' });
    await town.relay.arm({ at: 'flushed', count: 1, turns: 0 });
    expect(await anna.do({ do: 'sync' })).toMatchObject({ complete: false });
    expect(town.relay.alive).toBe(false);
    await town.relay.start();
    await boris.do({ do: 'sync' });
    expect((await shown(boris, anna)).map(([text]) => text)).toEqual(['1 before', '2 word lost']);
    expect((await shown(anna, boris)).at(-1)).toEqual(['2 word lost', 'queued']);
    await expectNoFaults(two);
    expect((await shown(boris, anna)).map(([text]) => text)).toEqual(['1 before', '2 word lost']);
  });
});

describe('a commit whose author is killed', () => {
  /** More exchanges than it takes to let somebody in. */
  const mostAnswers = 30;

  test.each(['answered', 'committed'] as const)(
    'however far it had come (%s): it won once, and the newcomer is in',
    async (at) => {
      const anna = await town.arrive(newName('anna'));
      const staged: boolean[] = [];
      for (let count = 1; ; count += 1) {
        expect(count).toBeLessThan(mostAnswers);
        const guest = await town.arrive(newName('guest'));
        const { link = '' } = await anna.do({ do: 'invite' });
        await guest.do({ do: 'accept', link });
        await guest.do({ do: 'sync' });
        await anna.arm({ at, count, turns: 0 });
        const died = await anna.do({ do: 'sync' }).then(
          () => false,
          (cause: unknown) => cause instanceof Died,
        );
        if (died) staged.push(await hasStagedCommit(anna));
        await anna.arm(undefined);
        for (const device of [anna, guest, anna, guest, anna]) await device.do({ do: 'sync' });
        await anna.do({ do: 'say', to: guest.name, text: '1 welcome' });
        await guest.do({ do: 'say', to: anna.name, text: '1 thanks' });
        for (const device of [anna, guest, anna, guest, anna]) await device.do({ do: 'sync' });
        const pairs = [[anna.name, guest.name]] as const;
        expect(await faultsIn(town, { pairs, reading: [] }), `killed at number ${count}`).toEqual([]);
        expect((await shown(guest, anna)).map(([text]) => text).toSorted()).toEqual([
          '1 thanks',
          '1 welcome',
        ]);
        await guest.kill();
        if (!died) break;
      }
      await anna.kill();
      // the last of them lies between the relay's word that the commit won and its being taken in
      expect(staged).toContain(true);
    },
  );
});

async function hasStagedCommit(device: Device): Promise<boolean> {
  await using home = await openHome({
    dir: device.home,
    world: machineWorld,
    passphrase: async () => undefined,
  });
  return await home.store.read(async (view) => {
    const groups = await view.list({ table: 'groups', partition: '' });
    const heads = await Promise.all(
      groups.map(({ key }) => view.get({ table: 'mls', partition: key }, 'staged')),
    );
    return heads.some((head) => head !== undefined);
  });
}

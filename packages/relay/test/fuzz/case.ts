import {
  base32,
  capabilityCodec,
  encode,
  encodePolicy,
  sign,
  type Operation,
  type Policy,
  type Result,
  type Signed,
} from '@tern/protocol';
import { smallEntry, type MadePolicy } from '../../src/testing/index.ts';
import { follow, only, openSetting, primitives, type Setting } from '../setting.ts';

/** Something hostile or unlucky, the clear error that answers it, and that nothing is lost by it. */
export interface Case {
  readonly name: string;
  run(): Promise<void>;
}

export function expectKind(result: Result | undefined, kind: string, what: string): void {
  if (result?.kind !== kind)
    throw new Error(`${what} is answered ${result?.kind ?? 'with nothing'}, not ${kind}`);
}

/** What lies in the log of a setting, place by place. */
export async function entriesOf(
  setting: Setting,
  made: MadePolicy = setting.made,
): Promise<readonly string[]> {
  const results = await follow(setting.another(), made);
  return only(results, 'entry').map(({ seq, entry }) => `${seq} ${base32(entry.subarray(0, 20))}`);
}

/** Runs what must be refused, and sees that the log is as it was. */
export async function unchanged(setting: Setting, refused: () => Promise<void>): Promise<void> {
  const before = await entriesOf(setting);
  await refused();
  const after = await entriesOf(setting);
  if (before.join() !== after.join() || before.length === 0) throw new Error('the log is not as it was');
}

export async function withEntry(options: Parameters<typeof openSetting>[0] = {}): Promise<Setting> {
  const setting = await openSetting(options);
  expectKind(await append(setting), 'stored', 'an entry');
  return setting;
}

export function append(
  setting: Setting,
  change: Partial<Extract<Operation, { kind: 'append' }>> = {},
  seed: Uint8Array = setting.made.seeds.append,
): Promise<Result> {
  const { client, made, world } = setting;
  return client.one({ kind: 'append', log: made.log, number: 0, entry: smallEntry(world), ...change }, seed);
}

export function resigned(made: MadePolicy, changes: Partial<Policy>, seed: Uint8Array): Signed {
  const payload = encodePolicy({ ...made.policy, ...changes });
  return sign(primitives, seed, { label: 'policy', payload });
}

export function capabilityOf(
  setting: Setting,
  changes: { notAfter?: number; entries?: number; bytes?: number } = {},
  signer: Uint8Array = setting.made.seeds.change,
): { signed: Signed; seed: Uint8Array; serial: Uint8Array } {
  const { made, world } = setting;
  const seed = world.randomBytes(32);
  const serial = world.randomBytes(8);
  const payload = encode(capabilityCodec, {
    log: made.log,
    key: primitives.ed25519PublicKey(seed),
    notAfter: Math.floor(world.now() / 1000) + 600,
    entries: 2,
    bytes: 10_000,
    serial,
    ...changes,
  });
  return { signed: sign(primitives, signer, { label: 'capability', payload }), seed, serial };
}

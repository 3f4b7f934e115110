import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { MalformedError, utf8, utf8Text } from '@tern/protocol';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  decodeHomeKey,
  defaultPassphraseCost,
  encodeHomeKey,
  passphraseCostLimits,
} from '../src/home-key.ts';
import type { HomeKey } from '../src/home-key.ts';
import { openHome } from '../src/home.ts';
import type { Home, HomeOptions } from '../src/home.ts';
import { askHidden, passphraseFrom } from '../src/passphrase.ts';
import { machineWorld } from './programs/machine-world.ts';

const root = mkdtempSync(join(tmpdir(), 'tern-home-'));
afterAll(() => rmSync(root, { recursive: true }));

const freshDir = (): string => join(mkdtempSync(join(root, 'at-')), 'home');
const cheapest = { memoryKiB: passphraseCostLimits.memoryKiB[0], passes: passphraseCostLimits.passes[0] };
const place = { table: 'notes', partition: '' };

async function open(dir: string, passphrase?: string, options: Partial<HomeOptions> = {}): Promise<Home> {
  return openHome({
    dir,
    world: machineWorld,
    passphrase: async () => passphrase,
    cost: cheapest,
    ...options,
  });
}

async function write(home: Home, text: string): Promise<void> {
  await home.store.change(async (change) => change.put(place, 'note', utf8(text)));
}

async function read(home: Home): Promise<string> {
  return home.store.read(async (view) => utf8Text((await view.get(place, 'note')) ?? utf8('')));
}

const mode = (path: string): number => statSync(path).mode & 0o777;

describe('a home', () => {
  test('a new home is for its owner alone and keeps what was written', async () => {
    const dir = freshDir();
    {
      await using home = await open(dir);
      expect(home).toMatchObject({ dir, protection: 'file', created: true, tightened: [] });
      await write(home, 'kept');
      expect(mode(dir)).toBe(0o700);
      for (const name of readdirSync(dir)) expect([name, mode(join(dir, name))]).toEqual([name, 0o600]);
    }
    await using home = await open(dir);
    expect(home.created).toBe(false);
    expect(await read(home)).toBe('kept');
  });

  test('the key file of a home without a passphrase says what it gives away', async () => {
    const dir = freshDir();
    await (await open(dir))[Symbol.asyncDispose]();
    expect(readFileSync(join(dir, 'key'), 'utf8')).toContain(
      'Anyone who can read this file can read everything here.',
    );
  });

  test('a home that others could read is closed to them, and the person is told', async () => {
    const dir = freshDir();
    await (await open(dir))[Symbol.asyncDispose]();
    chmodSync(dir, 0o755);
    chmodSync(join(dir, 'key'), 0o644);
    await using home = await open(dir);
    expect(home.tightened).toEqual([dir, join(dir, 'key')]);
    expect(mode(dir)).toBe(0o700);
    expect(mode(join(dir, 'key'))).toBe(0o600);
  });

  test('a missing home is not made where none was wanted', async () => {
    const dir = freshDir();
    await expect(open(dir, undefined, { create: false })).rejects.toMatchObject({ code: 'no-home' });
    expect(existsSync(dir)).toBe(false);
    mkdirSync(dir);
    await expect(open(dir, undefined, { create: false })).rejects.toMatchObject({ code: 'no-home' });
    writeFileSync(join(root, 'a file'), '');
    await expect(open(join(root, 'a file'))).rejects.toMatchObject({ code: 'usage' });
  });

  test('a store whose key file is gone is never given a new key', async () => {
    const dir = freshDir();
    await (await open(dir))[Symbol.asyncDispose]();
    rmSync(join(dir, 'key'));
    await expect(open(dir)).rejects.toMatchObject({ code: 'key-missing' });
    expect(existsSync(join(dir, 'key'))).toBe(false);
  });

  test('a key file cut in the middle is refused and left alone', async () => {
    const dir = freshDir();
    await (await open(dir))[Symbol.asyncDispose]();
    const whole = readFileSync(join(dir, 'key'));
    for (const length of [0, 1, whole.length - 10]) {
      writeFileSync(join(dir, 'key'), whole.subarray(0, length));
      await expect(open(dir)).rejects.toBeInstanceOf(MalformedError);
    }
    writeFileSync(join(dir, 'key'), Buffer.alloc(5000, ' '));
    await expect(open(dir)).rejects.toBeInstanceOf(MalformedError);
  });

  test('six processes that make one home at once end up with one key', async () => {
    const dir = freshDir();
    const program = fileURLToPath(new URL('programs/open-home.ts', import.meta.url));
    const outputs = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const child = spawn(process.execPath, [program, dir], { stdio: ['ignore', 'pipe', 'pipe'] });
        let said = '';
        for await (const chunk of child.stdout) said += String(chunk);
        for await (const chunk of child.stderr) said += String(chunk);
        return said;
      }),
    );
    expect(outputs.toSorted()).toEqual(['created\n', ...Array.from({ length: 5 }, () => 'opened\n')]);
    await using home = await open(dir);
    expect(
      await home.store.read(async (view) => (await view.list({ table: 'seen', partition: '' })).length),
    ).toBe(6);
  });
});

describe('a home with a passphrase', () => {
  test('opens with its passphrase and with no other', async () => {
    const dir = freshDir();
    {
      await using home = await open(dir, 'correct horse');
      expect(home.protection).toBe('passphrase');
      await write(home, 'locked');
    }
    await expect(open(dir, 'wrong horse')).rejects.toMatchObject({ code: 'passphrase-wrong' });
    await expect(open(dir, undefined)).rejects.toMatchObject({ code: 'passphrase-needed' });
    await expect(open(dir, '')).rejects.toMatchObject({ code: 'passphrase-empty' });
    await using home = await open(dir, 'correct horse');
    expect(await read(home)).toBe('locked');
    expect(readFileSync(join(dir, 'key'), 'utf8')).toContain(
      'Without the passphrase everything here is lost.',
    );
  });

  test('the same letters from another keyboard are the same passphrase', async () => {
    const dir = freshDir();
    await (await open(dir, 'caf\u00e9'))[Symbol.asyncDispose]();
    await (await open(dir, 'cafe\u0301'))[Symbol.asyncDispose]();
  });

  test('an empty passphrase makes no home', async () => {
    const dir = freshDir();
    await expect(open(dir, '')).rejects.toMatchObject({ code: 'passphrase-empty' });
    expect(existsSync(join(dir, 'key'))).toBe(false);
  });

  test('a hostile key file cannot ask for more memory or time than the limits', async () => {
    const dir = freshDir();
    await (await open(dir, 'correct horse'))[Symbol.asyncDispose]();
    const text = readFileSync(join(dir, 'key'), 'utf8');
    for (const [from, to] of [
      [`"memoryKiB": ${cheapest.memoryKiB}`, '"memoryKiB": 104857600'],
      [`"memoryKiB": ${cheapest.memoryKiB}`, '"memoryKiB": 8'],
      [`"memoryKiB": ${cheapest.memoryKiB}`, '"memoryKiB": "19456"'],
      [`"passes": ${cheapest.passes}`, '"passes": 1000000'],
      [`"passes": ${cheapest.passes}`, '"passes": 2.5'],
    ] as const) {
      writeFileSync(join(dir, 'key'), text.replace(from, to));
      await expect(open(dir, 'correct horse')).rejects.toBeInstanceOf(MalformedError);
    }
    // a cost within the limits that is not the one it was locked with opens nothing
    writeFileSync(join(dir, 'key'), text.replace(`"passes": ${cheapest.passes}`, '"passes": 3'));
    await expect(open(dir, 'correct horse')).rejects.toMatchObject({ code: 'passphrase-wrong' });
  });
});

describe('the key file', () => {
  const cost = fc.record({
    memoryKiB: fc.integer({ min: 19_456, max: 262_144 }),
    passes: fc.integer({ min: 2, max: 8 }),
  });
  const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((one) => Uint8Array.from(one));
  const homeKeys: fc.Arbitrary<HomeKey> = fc.oneof(
    fc.record({ kind: fc.constant('file' as const), key: bytes(32) }),
    fc.record({ kind: fc.constant('passphrase' as const), cost, salt: bytes(16), wrapped: bytes(60) }),
  );

  test('reads back as it was written', () => {
    fc.assert(
      fc.property(homeKeys, (homeKey) => {
        expect(decodeHomeKey(encodeHomeKey(homeKey))).toEqual(homeKey);
      }),
    );
  });

  test('decodes, or throws MalformedError and nothing else', () => {
    const decodes = (data: Uint8Array): void => {
      try {
        decodeHomeKey(data);
      } catch (cause) {
        expect(cause).toBeInstanceOf(MalformedError);
      }
    };
    fc.assert(fc.property(fc.uint8Array(), decodes));
    fc.assert(fc.property(fc.json().map(utf8), decodes));
    fc.assert(
      fc.property(homeKeys, fc.nat(), fc.integer({ min: 0, max: 255 }), (homeKey, at, byte) => {
        const data = encodeHomeKey(homeKey);
        data[at % data.length] = byte;
        decodes(data);
      }),
    );
  });

  test('the default cost lies within what is accepted', () => {
    const [least, most] = passphraseCostLimits.memoryKiB;
    expect(defaultPassphraseCost.memoryKiB).toBeGreaterThanOrEqual(least);
    expect(defaultPassphraseCost.memoryKiB).toBeLessThanOrEqual(most);
  });
});

describe('asking for a passphrase', () => {
  const never = new AbortController().signal;
  const keyboard = (): {
    input: PassThrough & { isTTY: boolean; setRawMode(raw: boolean): void };
    shown: string[];
    raw: boolean[];
    output: { write(text: string): void };
  } => {
    const shown: string[] = [];
    const raw: boolean[] = [];
    const input = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (on: boolean) => void raw.push(on),
    });
    return { input, shown, raw, output: { write: (text) => void shown.push(text) } };
  };

  test('what is typed never reaches the screen, and the terminal is as before', async () => {
    const terminal = keyboard();
    const asked = askHidden(terminal, 'Passphrase: ', { signal: never });
    terminal.input.write('secretx\u007f');
    terminal.input.write('\u001b[A');
    terminal.input.write(Buffer.from('\u0436').subarray(0, 1));
    terminal.input.write(Buffer.from('\u0436').subarray(1));
    terminal.input.write('\r');
    expect(await asked).toBe('secret\u0436');
    expect(terminal.shown.join('')).toBe('Passphrase: \n');
    expect(terminal.raw).toEqual([true, false]);
    expect(terminal.input.listenerCount('data')).toBe(0);
  });

  test('Ctrl-C, a closed terminal and the signal end the question', async () => {
    for (const end of [
      (input: PassThrough) => input.write('abc\u0003'),
      (input: PassThrough) => input.end(),
    ]) {
      const terminal = keyboard();
      const asked = askHidden(terminal, 'Passphrase: ', { signal: never });
      end(terminal.input);
      await expect(asked).rejects.toMatchObject({ code: 'passphrase-cancelled' });
      expect(terminal.raw).toEqual([true, false]);
    }
    const stop = new AbortController();
    const asked = askHidden(keyboard(), 'Passphrase: ', { signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(asked).rejects.toThrow('stopped');
  });

  test('a new passphrase is asked for twice, and Enter alone means none', async () => {
    const pasted = keyboard();
    pasted.input.write('one\none\n');
    expect(await passphraseFrom({ environment: undefined, terminal: pasted, signal: never })('create')).toBe(
      'one',
    );
    const differing = keyboard();
    differing.input.write('one\ntwo\n');
    await expect(
      passphraseFrom({ environment: undefined, terminal: differing, signal: never })('create'),
    ).rejects.toMatchObject({ code: 'passphrase-mismatch' });
    const none = keyboard();
    none.input.write('\n');
    expect(await passphraseFrom({ environment: undefined, terminal: none, signal: never })('create')).toBe(
      undefined,
    );
  });

  test('the environment wins, and without a terminal nobody is asked', async () => {
    expect(await passphraseFrom({ environment: 'given', terminal: keyboard(), signal: never })('open')).toBe(
      'given',
    );
    expect(await passphraseFrom({ environment: undefined, signal: never })('open')).toBe(undefined);
    const piped = Object.assign(keyboard(), { input: Object.assign(new PassThrough(), { isTTY: false }) });
    expect(await passphraseFrom({ environment: undefined, terminal: piped, signal: never })('open')).toBe(
      undefined,
    );
  });
});

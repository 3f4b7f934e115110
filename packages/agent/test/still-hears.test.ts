import { randomBytes } from 'node:crypto';
import { UnreachableError } from '@tern/protocol';
import type { Transport } from '@tern/reach';
import { expect, test } from 'vitest';
import { meet, say, seen, settle, soon, town } from './support/town.ts';

/** A path on which requests over so many bytes do not arrive, and answers over so many wait. */
interface Line {
  upBytes: number;
  gate: { readonly overBytes: number; readonly opened: Promise<void> } | undefined;
  /** answers that waited, and those of them that nobody waited for any more */
  waited: number;
  left: number;
}

/** What does not become shorter on its way. */
function text(length: number): string {
  return randomBytes(length).toString('base64').slice(0, length);
}

function over(line: Line): (transport: Transport) => Transport {
  return (transport) => ({
    ...transport,
    async *carry(to, request, options) {
      if (request.length > line.upBytes) throw new UnreachableError('it went silent', { code: 'silent' });
      let bytes = 0;
      for await (const piece of transport.carry(to, request, options)) {
        bytes += piece.length;
        if (line.gate !== undefined && bytes > line.gate.overBytes) {
          line.waited += 1;
          const { promise: left, reject } = Promise.withResolvers<never>();
          const leave = (): void => {
            line.left += 1;
            reject(options.signal.reason as Error);
          };
          options.signal.addEventListener('abort', leave);
          await Promise.race([line.gate.opened, left]);
          options.signal.removeEventListener('abort', leave);
          line.gate = undefined;
        }
        yield piece;
      }
    },
  });
}

test('who cannot send hears what others write all the same, and what waited leaves when it can', async () => {
  await using place = await town();
  const line: Line = { upBytes: Infinity, gate: undefined, waited: 0, left: 0 };
  const anna = await place.person('Anna', { through: over(line) });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  line.upBytes = 600;
  const long = text(300);
  await say(anna, boris, long);
  await expect.poll(() => anna.client.connections().map(({ trouble }) => trouble)).toEqual(['silent']);
  // time stands: nothing that is tried again later is what brings it
  await say(boris, anna, 'can you hear me?');
  await boris.client.sync({ signal: soon });
  await expect.poll(() => seen(anna, boris)).toEqual([long, 'can you hear me?']);
  line.upBytes = Infinity;
  await expect
    .poll(async () => {
      place.world.move(30_000);
      await boris.client.sync({ signal: soon });
      return seen(boris, anna);
    })
    .toContain(long);
  await expect
    .poll(() => anna.client.connections().map(({ state, trouble }) => ({ state, trouble })))
    .toEqual([{ state: 'online', trouble: undefined }]);
  stop.abort();
  await running;
});

test('own words do not cut an answer whose long text is still on its way', async () => {
  await using place = await town();
  const line: Line = { upBytes: Infinity, gate: undefined, waited: 0, left: 0 };
  const anna = await place.person('Anna', { through: over(line) });
  const boris = await place.person('Boris', { relays: [] });
  await meet(anna, boris);
  await settle(anna, boris);
  const stop = new AbortController();
  const running = anna.client.run({ signal: stop.signal });
  await expect.poll(() => anna.client.connections().map(({ state }) => state)).toEqual(['online']);
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  line.gate = { overBytes: 4096, opened };
  const long = text(15_000);
  await say(boris, anna, long);
  await boris.client.sync({ signal: soon });
  await expect.poll(() => line.waited).toBe(1);
  await say(anna, boris, 'mine');
  await expect
    .poll(async () => {
      await boris.client.sync({ signal: soon });
      return seen(boris, anna);
    })
    .toContain('mine');
  place.world.move(30_000);
  open();
  await expect.poll(() => seen(anna, boris)).toContain(long);
  expect(line).toMatchObject({ waited: 1, left: 0 });
  stop.abort();
  await running;
});

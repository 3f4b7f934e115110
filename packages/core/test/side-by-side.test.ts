import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnreachableError } from '@tern/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { carrySideBySide, without, type Carrying, type Span } from '../src/side-by-side.ts';

const { signal } = new AbortController();

/** Parts of at most ten, as many at once as `atOnce`; `answer` says what becomes of each. */
function carrying(
  length: number,
  atOnce: number,
  answer: (
    span: Span,
    options: { readonly trial: boolean; readonly signal: AbortSignal },
  ) => Promise<readonly Span[]>,
): { readonly carrying: Carrying; readonly room: Carrying['room']; readonly most: () => number } {
  let running = 0;
  let most = 0;
  const room: Carrying['room'] = () => ({ size: 10, trialSize: 10, spare: atOnce - running });
  return {
    most: () => most,
    room,
    carrying: {
      length,
      room,
      retries: () => false,
      signal,
      async exchange(span, options) {
        running += 1;
        most = Math.max(most, running);
        try {
          return await answer(span, options);
        } finally {
          running -= 1;
        }
      },
    },
  };
}

test('everything is carried, no more at once than there is room for', async () => {
  const came = new Set<number>();
  const { carrying: parts, most } = carrying(95, 4, async ({ from, to }) => {
    await Promise.resolve();
    for (let at = from; at < to; at += 1) came.add(at);
    return [{ from, to }];
  });
  await carrySideBySide(parts);
  expect(came.size).toBe(95);
  expect(most()).toBe(4);
});

test('what comes in part, or fails while others pass, is asked for again', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('whole' as const, 'half' as const, 'lost' as const), { maxLength: 30 }),
      async (fates) => {
        const came = new Set<number>();
        let asked = 0;
        const { carrying: parts } = carrying(60, 3, async ({ from, to }) => {
          const fate = fates[asked] ?? 'whole';
          asked += 1;
          await Promise.resolve();
          if (fate === 'lost' && asked % 3 !== 0) throw new UnreachableError('lost');
          const over = { from, to: fate === 'half' ? Math.ceil((from + to) / 2) : to };
          for (let at = over.from; at < over.to; at += 1) came.add(at);
          return [over];
        });
        await carrySideBySide({ ...parts, retries: () => true }).catch((error: unknown) => {
          // five failures in a row are one too many
          if (!(error instanceof UnreachableError)) throw error;
          expect(fates.filter((fate) => fate === 'lost').length).toBeGreaterThanOrEqual(5);
          for (let at = 0; at < 60; at += 1) came.add(at);
        });
        expect(came.size).toBe(60);
      },
    ),
  ));

test('one that stands still is doubled when nothing else is left, and then left', async () => {
  const stopped: Span[] = [];
  let asked = 0;
  const { carrying: parts } = carrying(200, 4, async (span, options) => {
    asked += 1;
    if (span.from === 20 && stopped.length === 0) {
      stopped.push(span);
      return new Promise((_, reject) => {
        options.signal.addEventListener('abort', () => reject(options.signal.reason as Error));
      });
    }
    await Promise.resolve();
    return [span];
  });
  await carrySideBySide(parts);
  expect(stopped.length).toBe(1);
  expect(asked).toBe(21);
});

test('more is tried as long as it is allowed, and not with the last that is left', async () => {
  const spans: Span[] = [];
  let trying = false;
  const { carrying: parts, room } = carrying(100, 2, async (span, { trial }) => {
    spans.push(span);
    expect(trial).toBe(span.to - span.from === 20);
    trying = trial;
    await Promise.resolve();
    if (trial) trying = false;
    return [span];
  });
  await carrySideBySide({ ...parts, room: () => ({ ...room(), trialSize: trying ? 10 : 20 }) });
  expect(spans.some(({ from, to }) => to - from === 20)).toBe(true);
  expect(spans.every(({ from, to }) => to - from === 10 || from + 40 <= 100)).toBe(true);
});

test('a trial that stands still holds nothing up, and whoever carries it hears that it ought to have passed', async () => {
  let reason: unknown;
  let tried = 0;
  const came: Span[] = [];
  const { carrying: parts, room } = carrying(200, 4, async (span, { trial, signal: stop }) => {
    if (trial) {
      tried += 1;
      return new Promise((_, reject) => {
        stop.addEventListener('abort', () => {
          reason = stop.reason;
          reject(stop.reason as Error);
        });
      });
    }
    await nextTurn(); // so that what has ended is known before more begins
    came.push(span);
    return [span];
  });
  await carrySideBySide({ ...parts, room: () => ({ ...room(), trialSize: tried > 0 ? 10 : 20 }) });
  expect(reason).toMatchObject({ code: 'silent' });
  expect(came.length).toBe(20);
});

test('nothing that gets through ends it, and so does its signal', async () => {
  const { carrying: parts } = carrying(100, 3, async () => {
    await Promise.resolve();
    throw new UnreachableError('nothing passes');
  });
  await expect(carrySideBySide(parts)).rejects.toThrow(UnreachableError);
  await expect(carrySideBySide({ ...parts, signal: AbortSignal.abort() })).rejects.toThrow(/abort/u);
});

test('whoever says again and again that something else came is not asked for ever', async () => {
  let asked = 0;
  const { carrying: parts } = carrying(40, 1, async ({ from }) => {
    asked += 1;
    return from === 0 ? [{ from: 0, to: 10 }] : [{ from: 0, to: 1 }];
  });
  await expect(carrySideBySide(parts)).rejects.toMatchObject({ code: 'unreachable' });
  expect(asked).toBeLessThan(10);
});

test('what is left of a span', () => {
  expect(without({ from: 0, to: 10 }, [{ from: 2, to: 4 }])).toEqual([
    { from: 0, to: 2 },
    { from: 4, to: 10 },
  ]);
  expect(without({ from: 3, to: 5 }, [{ from: 0, to: 9 }])).toEqual([]);
});

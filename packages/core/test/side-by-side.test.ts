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
): { readonly carrying: Carrying; readonly most: () => number } {
  let running = 0;
  let most = 0;
  return {
    most: () => most,
    carrying: {
      length,
      size: () => 10,
      spare: () => atOnce - running,
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

test('only one at a time tries more', async () => {
  let trials = 0;
  const { carrying: parts } = carrying(300, 6, async (span, { trial }) => {
    if (trial) trials += 1;
    expect(trials).toBeLessThanOrEqual(1);
    await Promise.resolve();
    if (trial) trials -= 1;
    return [span];
  });
  await carrySideBySide({ ...parts, size: ({ trial }) => (trial ? 20 : 10) });
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

/** What tests in a browser are told by the test file that runs them. */
export type Given = Readonly<Record<string, string | number | boolean>>;

/** @param error message and stack; undefined where the test passed */
export interface Outcome {
  readonly name: string;
  readonly error?: string;
}

/** What a contract suite takes as its runner. */
export type RegisterPageTest = (name: string, run: () => Promise<void>) => void;

/** What an entry exports as `tests`. */
export type PageTests = (test: RegisterPageTest, given: Given) => void;

/** Far beyond what any test takes; one that hangs is named instead of taking the others along. */
const longestTestMs = 240_000;

/**
 * Makes an entry's tests runnable from outside: by a call in a page, by a message in a worker. A worker with a name is one that a
 * test made for itself from the same script: what it is told is the test's business.
 */
export function offer(tests: PageTests): void {
  const run = (given: Given): Promise<readonly Outcome[]> => runAll(tests, given);
  if (typeof document !== 'undefined') {
    Reflect.set(globalThis, 'runPageTests', run);
    return;
  }
  if (Reflect.get(globalThis, 'name') !== '') return;
  addEventListener('message', ({ data }: MessageEvent<Given>) => {
    void run(data).then((outcomes) => postMessage(outcomes));
  });
}

async function runAll(tests: PageTests, given: Given): Promise<readonly Outcome[]> {
  const registered: { readonly name: string; readonly run: () => Promise<void> }[] = [];
  tests((name, run) => {
    registered.push({ name, run });
  }, given);
  const outcomes: Outcome[] = [];
  for (const { name, run } of registered) outcomes.push(await outcomeOf(name, run));
  return outcomes;
}

async function outcomeOf(name: string, run: () => Promise<void>): Promise<Outcome> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('the test did not end')), longestTestMs);
  try {
    await Promise.race([run(), late.promise]);
    return { name };
  } catch (error) {
    return { name, error: wordsOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${wordsOf(error.cause)}`;
  return `${error.message}\n${error.stack ?? ''}${cause}`;
}

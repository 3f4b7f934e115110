import { useEffect, useRef, useState } from 'preact/hooks';

/** One thing at a time that a screen asks of the engine, and what became of it. */
export interface Task {
  readonly busy: boolean;
  /** the code of what went wrong the last time */
  readonly trouble: string | undefined;
  /** Does nothing while the last is still under way. The signal aborts when the screen goes away. */
  run(work: (signal: AbortSignal) => Promise<void>): void;
  forget(): void;
}

export function useTask(): Task {
  const [state, setState] = useState<{ readonly busy: boolean; readonly trouble?: string }>({ busy: false });
  // there from the first moment: a click may come before the first effect
  const [ending] = useState(() => new AbortController());
  const running = useRef(false);
  useEffect(() => () => ending.abort(new DOMException('the screen was left', 'AbortError')), []);
  return {
    busy: state.busy,
    trouble: state.trouble,
    forget: () => setState({ busy: running.current }),
    run(work) {
      if (running.current) return;
      running.current = true;
      setState({ busy: true });
      void work(ending.signal)
        .then(
          () => setState({ busy: false }),
          (error: unknown) => setState({ busy: false, trouble: codeOf(error) }),
        )
        .finally(() => {
          running.current = false;
        });
    },
  };
}

/** The stable code of a `TernError`, which crosses the bridge as a property. */
function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code;
  return 'unknown';
}

/** Asks once, and again whenever `again` is called. Undefined until the first answer; a failed question keeps the last answer. */
export function useAnswer<T>(ask: () => Promise<T>): {
  readonly value: T | undefined;
  readonly again: () => void;
} {
  const [value, setValue] = useState<T | undefined>(undefined);
  const here = useRef(true);
  const again = (): void => {
    ask().then(
      (answer) => here.current && setValue(answer),
      () => undefined,
    );
  };
  useEffect(() => {
    here.current = true;
    again();
    return () => {
      here.current = false;
    };
  }, []);
  return { value, again };
}

/**
 * The time, anew every so often while a screen shows how long something is away.
 * @param everyMs undefined: the time does not matter just now
 * @returns milliseconds since 1970
 */
export function useNow(everyMs: number | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (everyMs === undefined) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Remembers which work the running task is inside of, so that a store can refuse what would wait for itself. */
export interface TaskScope<Kind extends string> {
  run<T>(kind: Kind, work: () => Promise<T>): Promise<T>;
  inside(kind: Kind): boolean;
}

/**
 * Node follows a task across its awaits. Browsers have nothing like it yet: there only the synchronous beginning of
 * the work is known, and a store that may be nested later needs a limit on its waiting.
 */
export function taskScope<Kind extends string>(): TaskScope<Kind> {
  const context = taskContext<Frame<Kind>>();
  return {
    async run(kind, work) {
      const outer = context.getStore();
      const frame: Frame<Kind> = { kind, running: true, ...(outer === undefined ? {} : { outer }) };
      try {
        return await context.run(frame, work);
      } finally {
        frame.running = false; // a task started inside may outlive the work, and is free then
      }
    },
    inside(kind) {
      for (let frame = context.getStore(); frame !== undefined; frame = frame.outer) {
        if (frame.running && frame.kind === kind) return true;
      }
      return false;
    },
  };
}

interface Frame<Kind> {
  readonly kind: Kind;
  readonly outer?: Frame<Kind>;
  running: boolean;
}

interface TaskContext<T> {
  run<R>(value: T, work: () => R): R;
  getStore(): T | undefined;
}

interface Host {
  readonly process?: {
    getBuiltinModule?(
      name: 'node:async_hooks',
    ): { readonly AsyncLocalStorage: new <T>() => TaskContext<T> } | undefined;
  };
}

function taskContext<T>(): TaskContext<T> {
  // asked of the running platform instead of imported: this file is part of the browser's bundle
  const hooks = (globalThis as Host).process?.getBuiltinModule?.('node:async_hooks');
  return hooks === undefined ? synchronousContext() : new hooks.AsyncLocalStorage<T>();
}

function synchronousContext<T>(): TaskContext<T> {
  let current: T | undefined;
  return {
    run(value, work) {
      const before = current;
      current = value;
      try {
        return work();
      } finally {
        current = before;
      }
    },
    getStore: () => current,
  };
}

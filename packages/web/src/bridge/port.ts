import { MalformedError, UnreachableError } from '@tern/protocol';

/**
 * One end of a line between two threads or two tabs. What is posted arrives whole, in order, once, and as a copy
 * (structured clone); or the line is closed.
 */
export interface Port extends Disposable {
  /** Does nothing on a closed line. @throws {DOMException} `DataCloneError` for what cannot be copied, such as a function */
  post(message: unknown): void;
  /** Takes what arrives, beginning with what has arrived already. One listener a port. */
  listen(listener: (message: unknown) => void): void;
  /** aborted when either end was closed or is known to have died; its reason is an {@link UnreachableError} `line-closed` */
  readonly closed: AbortSignal;
  /** Tells the other end, and closes. */
  close(): void;
}

/** What MessagePort, Worker, BroadcastChannel and a dedicated worker's global scope have in common. */
export interface MessageEnd {
  postMessage(message: unknown): void;
  addEventListener(type: string, listener: (event: Event) => void): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
  /** of a MessagePort: nothing arrives before */
  start?(): void;
}

const farewell = 'bye';

/**
 * A port over anything that posts messages. A worker's own scope has to be wrapped while its script is first run: what arrives
 * before that is lost.
 * @param options `release` gives back what lies under the port, once, when it closes. `died` aborts when the other end is known
 *   to have ended without a word, which no browser tells by itself
 */
export function portOver(
  end: MessageEnd,
  options: { readonly release?: () => void; readonly died?: AbortSignal } = {},
): Port {
  const closing = new AbortController();
  const early: unknown[] = [];
  let listener: ((message: unknown) => void) | undefined;

  const shut = (cause?: unknown): void => {
    if (closing.signal.aborted) return;
    end.removeEventListener('message', onMessage);
    end.removeEventListener('messageerror', onGarbled);
    end.removeEventListener('close', onClose);
    options.died?.removeEventListener('abort', onClose);
    early.length = 0;
    options.release?.();
    closing.abort(
      new UnreachableError('the other side of this line has gone', { code: 'line-closed', cause }),
    );
  };
  const onMessage = (event: Event): void => {
    const { data } = event as MessageEvent<unknown>;
    if (data === farewell) shut();
    else if (listener === undefined) early.push(data);
    else listener(data);
  };
  const onClose = (): void => shut();
  // a message that did not arrive would leave whoever waits for it waiting for ever
  const onGarbled = (): void => shut(new MalformedError('a message could not be read'));

  end.addEventListener('message', onMessage);
  end.addEventListener('messageerror', onGarbled);
  end.addEventListener('close', onClose);
  options.died?.addEventListener('abort', onClose);
  end.start?.();
  if (options.died?.aborted === true) shut();

  const close = (): void => {
    if (closing.signal.aborted) return;
    send(farewell);
    shut();
  };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window is ever on a line
  const send = (message: unknown): void => end.postMessage(message);
  return {
    closed: closing.signal,
    post(message) {
      if (!closing.signal.aborted) send(message);
    },
    listen(taking) {
      listener = taking;
      for (const message of early.splice(0)) taking(message);
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** A line between two tabs, or a tab and a worker of another: both ends open it under the same name, which nobody else knows. */
export function broadcastPort(name: string, options: { readonly died?: AbortSignal } = {}): Port {
  const channel = new BroadcastChannel(name);
  return portOver(channel, { ...options, release: () => channel.close() });
}

/** Both ends of a line within one thread, or to be handed to another. */
export function messagePorts(): readonly [Port, Port] {
  const { port1, port2 } = new MessageChannel();
  return [
    portOver(port1, { release: () => port1.close() }),
    portOver(port2, { release: () => port2.close() }),
  ];
}

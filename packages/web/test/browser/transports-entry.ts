import type { Hint } from '@tern/protocol';
import { webSocketTransport, type Transport } from '@tern/reach';
import { browserDialer, browserWorld, fetchTransport } from '@tern/reach/browser';
import { transportContract, type ContractCase, type TransportFixture } from '@tern/reach/testing';
import type { PageTests } from '../support/page-tests.ts';

/** The transports of a browser, against a relay elsewhere that serves the contract's answers by name. */
export const tests: PageTests = (test, given) => {
  const kinds: Readonly<Record<string, (patience: Patience) => Transport & Partial<Disposable>>> = {
    fetch: fetchTransport,
    dialer: ({ longestSilenceMs }) => browserDialer({ longestSilenceMs }),
    websocket: (patience) =>
      webSocketTransport({ ...patience, world: browserWorld, open: (url) => new WebSocket(url) }),
  };
  for (const [kind, open] of Object.entries(kinds)) {
    transportContract(
      (name, run) => test(`${kind}: ${name}`, run),
      async (_serve, { name, longestSilenceMs }: ContractCase): Promise<TransportFixture> => {
        const transport = open({ longestAnswerMs: longestSilenceMs, longestSilenceMs });
        const path = `${String(given['run'])}-${kind}.${encodeURIComponent(name)}`;
        const hint: Hint = { address: '127.0.0.1', port: Number(given['port']), tls: true, path };
        return {
          transport,
          hint,
          nobody: { ...hint, port: Number(given['unusedPort']) },
          server: { arrived: () => seen(hint, 'arrived'), left: () => seen(hint, 'left') },
          async [Symbol.asyncDispose]() {
            transport[Symbol.dispose]?.();
          },
        };
      },
    );
  }
};

interface Patience {
  readonly longestAnswerMs: number;
  readonly longestSilenceMs: number;
}

/** Resolves when the server says that it has happened. */
async function seen({ port, path }: Hint, what: 'arrived' | 'left'): Promise<void> {
  const response = await fetch(`https://127.0.0.1:${port}/seen/${what}/${path}`);
  if (!response.ok) throw new Error('the server did not say');
}

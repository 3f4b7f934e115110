import { contractHint, serveTransportContract } from '@tern/relay/testing';
import { describe, test } from 'vitest';
import { webSocketTransport } from '../src/index.ts';
import { nodeWorld } from '../src/node/index.ts';
import { transportContract } from '../src/testing/index.ts';

describe('over a WebSocket, as Node has it', () => {
  transportContract(test, async (serve, { name, longestSilenceMs }) => {
    const server = await serveTransportContract({ serve });
    const hint = contractHint(server, { tls: false, run: 'socket', name });
    const transport = webSocketTransport({
      world: nodeWorld,
      open: (url) => new WebSocket(url),
      longestAnswerMs: longestSilenceMs,
      longestSilenceMs,
    });
    return {
      transport,
      hint,
      nobody: { ...hint, port: server.unusedPort },
      async [Symbol.asyncDispose]() {
        transport[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  });
});

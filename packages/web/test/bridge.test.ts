import { expect, test } from 'vitest';
import fc from 'fast-check';
import { connectBridge } from '../src/bridge/connect-bridge.ts';
import { decodeAsked, decodeTold } from '../src/bridge/message.ts';
import { broadcastPort, messagePorts } from '../src/bridge/port.ts';
import { serveBridge } from '../src/bridge/serve-bridge.ts';
import { bridgeContract, serveSample } from './bridge-contract.ts';

bridgeContract(
  (name, run) => test(`between two threads: ${name}`, run),
  async () => {
    const [port, far] = messagePorts();
    serveSample(far);
    return {
      port,
      async [Symbol.asyncDispose]() {
        port.close();
      },
    };
  },
);

let channels = 0;

bridgeContract(
  (name, run) => test(`between two tabs: ${name}`, run),
  async () => {
    const name = `bridge-test-${(channels += 1)}`;
    const dying = new AbortController();
    const port = broadcastPort(name, { died: dying.signal });
    const far = broadcastPort(name);
    serveSample(far);
    return {
      port,
      kill: () => dying.abort(),
      async [Symbol.asyncDispose]() {
        port.close();
        far.close();
      },
    };
  },
);

test('what arrives over a bridge is decoded, or passed over, whatever it is', () => {
  const kinds = fc.constantFrom('call', 'cancel', 'credit', 'result', 'item', 'end', 'failed', 'more');
  const anything = fc.oneof(
    fc.anything(),
    fc.record(
      {
        kind: kinds,
        id: fc.oneof(fc.nat(), fc.anything()),
        method: fc.anything(),
        args: fc.oneof(fc.array(fc.anything()), fc.anything()),
        more: fc.oneof(fc.integer(), fc.anything()),
      },
      { requiredKeys: ['kind'] },
    ),
  );
  fc.assert(
    fc.property(anything, (message) => {
      const asked = decodeAsked(message);
      if (asked !== undefined) expect(asked.id).toBeGreaterThanOrEqual(0);
      if (asked?.kind === 'call') expect(asked.args.length).toBeLessThanOrEqual(8);
      if (asked?.kind === 'credit') expect(asked.more).toBeGreaterThan(0);
      decodeTold(message);
    }),
  );
});

test('what arrives before somebody listens is kept', async () => {
  const [near, far] = messagePorts();
  interface Small {
    ping(): Promise<string>;
  }
  const api = connectBridge<Small>(near, { ping: 'again' });
  const answer = api.ping();
  near.post('something else');
  await new Promise((resolve) => setImmediate(resolve));
  serveBridge<Small>(far, { ping: 'again' }, { ping: async () => 'pong' });
  expect(await answer).toBe('pong');
  near.close();
});

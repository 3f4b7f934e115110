// A relay of its own in a process of its own, to be looked into.
// node seizable-relay.ts <data folder> [witness]   the witness file gets everything the relay ever opens, as it lies open
import { openSync, writeSync } from 'node:fs';
import { concat, uintBytes, type Primitives } from '@tern/protocol';
import { nodePrimitives, nodeWorld } from '@tern/reach/node';
import { runRelay } from '@tern/relay';

const [data = '', witness] = process.argv.slice(2);

/** Writes down each plaintext: 1 when it was sealed for a place in the store, 0 when it came in a request; length; bytes. */
function witnessed(primitives: Primitives, path: string): Primitives {
  const file = openSync(path, 'w', 0o600);
  return {
    ...primitives,
    open(key, nonce, ciphertext, associated) {
      const opened = primitives.open(key, nonce, ciphertext, associated);
      if (opened !== undefined) {
        const head = concat(new Uint8Array([associated.length === 0 ? 0 : 1]), uintBytes(opened.length, 4));
        writeSync(file, concat(head, opened));
      }
      return opened;
    },
  };
}

await runRelay({
  data,
  ports: [0],
  signal: new AbortController().signal,
  world: nodeWorld,
  primitives: witness === undefined ? nodePrimitives : witnessed(nodePrimitives, witness),
  print: (line) => void process.stdout.write(`${line}\n`),
});

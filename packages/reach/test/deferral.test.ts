import {
  concat,
  encodeResponse,
  responseKeys,
  sealResponse,
  type BatchId,
  type Result,
} from '@tern/protocol';
import { expect, test } from 'vitest';
import { openDeferral } from '../src/deferral.ts';
import { nodePrimitives as primitives, nodeWorld as world } from '../src/node/index.ts';

const exchange = { secret: new Uint8Array(32).fill(1), salt: new Uint8Array(32).fill(2) };
const results: readonly Result[] = [{ kind: 'stored', seq: 7 }];

/** @param behind follows what the far relay has to say, under its seal */
function answer(behind: Uint8Array = new Uint8Array()): Uint8Array {
  const header = { batch: 'a'.repeat(26) as BatchId, time: 1, card: 1, tickets: [] };
  const plaintext = encodeResponse(
    header,
    results.map((result, operation) => ({ operation, result })),
  );
  const nonce = new Uint8Array(32).fill(3);
  const keys = responseKeys(primitives, exchange, nonce);
  return sealResponse(primitives, keys, { nonce, plaintext: concat(plaintext, behind) });
}

test('rule 30: the answer to what was kept counts where it is whole, and not where anything is missing or follows', async () => {
  const open = (bytes: Uint8Array): Promise<readonly Result[] | undefined> =>
    openDeferral({ primitives, world }, bytes, exchange);
  expect(await open(answer())).toEqual(results);
  // the length of an item that does not come
  expect(await open(answer(new Uint8Array([0, 9])))).toBeUndefined();
  expect(await open(concat(answer(), new Uint8Array(1)))).toBeUndefined();
  expect(await open(answer().subarray(0, -1))).toBeUndefined();
});

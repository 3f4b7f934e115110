import type { Primitives } from '@tern/protocol';
import { nodePrimitives } from '@tern/reach/node';

const mostRemembered = 5000;

/**
 * Node's own, each question asked once: relay and fuzzer ask the same of the same signatures and keys, and the fuzzer's few short-lived
 * keys come back. What is asked twice has the same answer.
 */
export const primitives: Primitives = {
  ...nodePrimitives,
  ed25519Verify: remembering((key, message, signature) =>
    nodePrimitives.ed25519Verify(key, message, signature),
  ),
  ed25519PublicKey: remembering((seed) => nodePrimitives.ed25519PublicKey(seed)),
  x25519PublicKey: remembering((privateKey) => nodePrimitives.x25519PublicKey(privateKey)),
  x25519: remembering((privateKey, publicKey) => nodePrimitives.x25519(privateKey, publicKey)),
};

function remembering<Asked extends readonly Uint8Array[], Answer>(
  ask: (...asked: Asked) => Answer,
): (...asked: Asked) => Answer {
  const answers = new Map<string, Answer>();
  return (...asked) => {
    const name = asked.map(textOf).join(' ');
    if (answers.has(name)) return answers.get(name) as Answer;
    if (answers.size >= mostRemembered) answers.clear();
    const answer = ask(...asked);
    answers.set(name, answer);
    return answer;
  };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

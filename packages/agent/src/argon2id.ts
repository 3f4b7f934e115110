import type { Argon2id } from '@tern/core';
import { argon2id } from 'hash-wasm';

/** Argon2id in WebAssembly: a third of what it costs in JavaScript, so a passphrase can cost a guesser three times as much. */
export const fastArgon2id: Argon2id = async (from) =>
  argon2id({
    password: from.password,
    salt: from.salt,
    parallelism: 1,
    iterations: from.passes,
    memorySize: from.memoryKiB,
    hashLength: from.bytes,
    outputType: 'binary',
  });

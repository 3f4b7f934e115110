import type { Argon2id } from '@tern/core';
import { argon2id } from 'hash-wasm';

/** Argon2id in WebAssembly: a ninth of what it takes in JavaScript, so a guess can cost that much more. */
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

import { argon2idAsync } from '@noble/hashes/argon2.js';
import type { Argon2id } from '@tern/core';

/**
 * Argon2id in JavaScript: the content policy of the app forbids WebAssembly. It lets other work in between every few
 * milliseconds, so whoever is asked meanwhile still answers.
 */
export const browserArgon2id: Argon2id = async ({ password, salt, memoryKiB, passes, bytes }) =>
  argon2idAsync(password, salt, { m: memoryKiB, t: passes, p: 1, dkLen: bytes });

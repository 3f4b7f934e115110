import type { Argon2id } from '@tern/core';

/** Ours, fetched when somebody has a passcode or a passphrase: who has just come has neither. */
export const laterArgon2id: Argon2id = async (from) => {
  const { browserArgon2id } = await import('./argon2id.ts');
  return browserArgon2id(from);
};

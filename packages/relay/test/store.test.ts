import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLmdbStore, openMemoryStore } from '../src/index.ts';
import { relayStoreContract } from '../src/testing/index.ts';

describe('the store in memory', () => {
  relayStoreContract(
    { test, expect },
    async () => ({
      open: async (roomBytes) => openMemoryStore(roomBytes === undefined ? {} : { roomBytes }),
      async [Symbol.asyncDispose]() {},
    }),
    { survivesReopening: false },
  );
});

describe('the store on disk', () => {
  relayStoreContract(
    { test, expect },
    async () => {
      const dir = await mkdtemp(join(tmpdir(), 'tern-store-'));
      return {
        open: (roomBytes) => openLmdbStore({ dir, ...(roomBytes === undefined ? {} : { roomBytes }) }),
        [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
      };
    },
    { survivesReopening: true },
  );
});

import { test } from 'vitest';
import { memoryStore } from '../src/memory-store.ts';
import { clientStoreContract } from '../src/testing/index.ts';

clientStoreContract(test, async () => memoryStore({ world: { now: () => 1_794_000_000_000 } }));

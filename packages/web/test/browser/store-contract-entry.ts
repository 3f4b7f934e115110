import { clientStoreContract } from '@tern/core/testing';
import { openIndexedDbStore } from '../../src/store/idb-store.ts';
import type { PageTests } from '../support/page-tests.ts';
import { patientWorld } from './store-world.ts';

export const tests: PageTests = (test) => {
  const { world, passTime } = patientWorld();
  let opened = 0;
  clientStoreContract(
    test,
    () => {
      opened += 1;
      return openIndexedDbStore({ name: `contract ${opened}`, masterKey: new Uint8Array(32).fill(7), world });
    },
    { tasks: 'unknown', passTime },
  );
};

import type { World } from '@tern/protocol';
import type { Housing } from '../engine/housing.ts';
import {
  homeKeyState,
  openHomeKey,
  removePasscode,
  setLockAfter,
  setPasscode,
  wipeHome,
} from './home-key.ts';
import { openIndexedDbStore } from './idb-store.ts';

/** A home in this browser: its key in a file of the origin, its records in IndexedDB. In a worker only. */
export function browserHousing(options: {
  readonly name: string;
  readonly world: World;
  /** gives up waiting for another tab or worker that has the home open */
  readonly signal?: AbortSignal;
}): Housing {
  return {
    locked: async () => (await homeKeyState(options)).protection === 'passcode',
    async open(passcode) {
      const opened = await openHomeKey(options, passcode);
      if (opened.kind !== 'opened') return undefined;
      try {
        return await openIndexedDbStore({ ...options, masterKey: opened.masterKey });
      } finally {
        opened.masterKey.fill(0);
      }
    },
    async setPasscode({ old, fresh }) {
      if (fresh === undefined) return removePasscode(options, old ?? '');
      return setPasscode(options, { fresh, ...(old === undefined ? {} : { old }) });
    },
    lockAfter: async () => (await homeKeyState(options)).lockAfter,
    setLockAfter: (minutes) => setLockAfter(options, minutes),
    wipe: () => wipeHome(options),
  };
}

import type { ClientStore } from '@tern/core';

/** Where this browser keeps a home: the key that everything is sealed with, and the store. One home a browser. */
export interface Housing {
  /** whether a passcode is needed to open it */
  locked(): Promise<boolean>;
  /**
   * Opens the store, making one where there is none. Closing the store forgets its key.
   * @returns undefined for a wrong passcode, or for none where one is needed
   */
  open(passcode?: string): Promise<ClientStore | undefined>;
  /** `fresh` undefined takes the passcode away. @returns false for a wrong old one */
  setPasscode(change: { readonly old?: string; readonly fresh?: string }): Promise<boolean>;
  /** minutes without anybody here after which a home with a passcode locks; 0 for never */
  lockAfter(): Promise<number>;
  setLockAfter(minutes: number): Promise<void>;
  /** Forgets key and store for good. Nothing of it may be open. */
  wipe(): Promise<void>;
}

/** What a browser says about the room it gives this origin. */
export interface Room {
  /** bytes */
  estimate(): Promise<{ readonly usage?: number; readonly quota?: number }>;
  /** whether it promised not to clear by itself */
  persisted(): Promise<boolean>;
}

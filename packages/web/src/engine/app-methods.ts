import type { BridgeShape } from '../bridge/shape.ts';
import type { AppApi } from './app-api.ts';

/**
 * How each method crosses to the engine, and what may be done when the engine's tab is closed in the middle of one: `again` is
 * asked of the next engine, `once` fails with {@link restartedCode}, streams go on. Sending is `again` because each message has an
 * id before it is asked for.
 */
export const appMethods: BridgeShape<AppApi> = {
  homes: 'watch',
  begin: 'once',
  unlock: 'again',
  lock: 'again',
  setPasscode: 'once',
  setLockAfter: 'again',
  touched: 'again',
  wipe: 'again',

  linkIn: 'again',
  addRelay: 'again',
  relays: 'again',
  removeRelay: 'again',
  invite: 'once',
  invitations: 'again',
  revokeInvitation: 'again',
  accept: 'again',

  contacts: 'again',
  verify: 'again',
  rename: 'again',
  block: 'again',
  removeContact: 'again',
  acceptRequest: 'again',

  overview: 'watch',
  window: 'watch',
  message: 'again',
  search: 'stream',
  setDraft: 'again',
  setFlags: 'again',

  sendText: 'again',
  sendFile: 'again',
  edit: 'again',
  remove: 'again',
  react: 'again',
  forward: 'once',
  retry: 'once',
  cancel: 'once',
  markRead: 'again',

  fileContent: 'stream',
  transfers: 'watch',
  storage: 'again',
  clearFiles: 'again',

  connections: 'watch',
  observations: 'again',
  lookCloser: 'again',
  retryNow: 'again',
  setOnline: 'again',

  exportHome: 'again',
  importHome: 'once',
};

/** The engine was restarted in the middle of something, which may have been done or not: look before doing it again. */
export const restartedCode = 'engine-restarted';

/** What the page asks of the service worker; each is answered on the port that comes along, with what became of it. */
export type ShellRequest =
  /** keep a value in memory; without one: what is kept */
  | readonly ['hold', key: string, value?: unknown]
  /** bring all of the set of this name; true when everything is here */
  | readonly ['keep', set: string]
  /** look for a newer version and bring it; the name of the set that the next load will be */
  | readonly ['look']
  /** what the version with this set needs is gone: take the server's, whole or not; whether there is another */
  | readonly ['renew', set: string];

/** What windows are told when a newer version lies ready. */
export const updateReady = 'update-ready';

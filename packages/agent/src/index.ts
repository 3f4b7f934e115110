export { openHome } from './home.ts';
export type { Home, HomeOptions } from './home.ts';
export { openOrdinaryClient, ordinaryTransport } from './ordinary-client.ts';
export { openSqliteStore } from './sqlite-store.ts';
export type { SqliteStoreOptions } from './sqlite-store.ts';

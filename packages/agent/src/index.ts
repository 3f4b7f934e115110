export { openHome } from './home.ts';
export type { Home, HomeOptions } from './home.ts';
export { openSqliteStore } from './sqlite-store.ts';
export type { SqliteStoreOptions } from './sqlite-store.ts';

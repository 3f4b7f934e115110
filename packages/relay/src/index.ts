export * from './http-server.ts';
export * from './limits-table.ts';
export * from './lmdb-store.ts';
export * from './memory-store.ts';
export * from './relay-log.ts';
export * from './relay.ts';
export * from './run.ts';
export * from './store.ts';

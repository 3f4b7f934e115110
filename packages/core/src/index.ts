export { byKey, ChangeBuffer, GuardedView, placeId, unixDay } from './change-buffer.ts';
export type { PlaceWrites, WrittenRecord } from './change-buffer.ts';
export { largestStoreValueBytes, longestStoreKey, StorageError } from './client-store.ts';
export type { ClientStore, Place, StoreChange, StoreRecord, StoreView } from './client-store.ts';
export { memoryStore } from './memory-store.ts';
export { taskScope } from './task-scope.ts';
export type { TaskScope } from './task-scope.ts';
export { Turns } from './turns.ts';

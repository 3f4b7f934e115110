export { clientStoreContract } from './client-store-contract.ts';
export { renewLeaf } from '../circle.ts';
export { receivedTable } from '../conversation.ts';
export { followedLogTable } from '../followed-log.ts';
export { groupRecordTable } from '../group-record.ts';
export { outbox } from '../outbox.ts';
export { mlsIn } from '../group-sighting.ts';
export type { Sighting } from '../group-sighting.ts';

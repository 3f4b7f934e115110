export { clientStoreContract } from './client-store-contract.ts';
export { renewLeaf } from '../circle.ts';

export { clientStoreContract } from './client-store-contract.ts';

export * from './store-contract.ts';
export * from './test-client.ts';
export * from './test-world.ts';

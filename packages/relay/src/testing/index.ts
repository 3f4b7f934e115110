export { contractHint, serveTransportContract } from './contract-server.ts';
export type { ContractServerProcess } from './contract-server.ts';
export * from './near-relay.ts';
export { quietPort } from './quiet-port.ts';
export * from './store-contract.ts';
export * from './test-client.ts';
export * from './test-world.ts';
export * from './test-relay.ts';

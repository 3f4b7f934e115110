export { faultyTransport, seededFaults } from './faulty-transport.ts';
export type { Fault, FaultChances } from './faulty-transport.ts';
export { transportContract } from './transport-contract.ts';
export type { RegisterTest, Serve, ServedAnswer, TransportFixture } from './transport-contract.ts';

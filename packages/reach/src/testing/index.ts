export { faultyTransport, seededFaults } from './faulty-transport.ts';
export type { Fault, FaultChances } from './faulty-transport.ts';

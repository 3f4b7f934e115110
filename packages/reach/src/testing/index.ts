export { decodeAnswer, encodeAsk } from '../socket-frames.ts';
export { faultyTransport, seededFaults } from './faulty-transport.ts';
export type { Fault, FaultChances } from './faulty-transport.ts';
export { contractServe, transportContract } from './transport-contract.ts';
export type {
  ContractCase,
  ContractServer,
  RegisterTest,
  Serve,
  ServedAnswer,
  TransportFixture,
} from './transport-contract.ts';

export { decodeAnswer, encodeAsk } from '../socket-frames.ts';
export { faultyTransport, seededFaults } from './faulty-transport.ts';
export type { Fault, FaultChances } from './faulty-transport.ts';
export { DialError } from '../dialer/carrier.ts';
export { openDialer } from '../dialer/dialer.ts';
export type { Way } from '../dialer/way.ts';
export { SimulatedNetwork } from './simulated-network.ts';
export type { Answering, Fate, Hello, NetworkRules } from './simulated-network.ts';
export { contractServe, transportContract } from './transport-contract.ts';
export type {
  ContractCase,
  ContractServer,
  RegisterTest,
  Serve,
  ServedAnswer,
  TransportFixture,
} from './transport-contract.ts';

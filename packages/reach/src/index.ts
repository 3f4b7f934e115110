export { memoryTransport } from './memory-transport.ts';
export type { MemoryTransportParts } from './memory-transport.ts';
export { openPath } from './path.ts';
export type { Exchanged, ExchangeOptions, Outgoing, Path, PathParts } from './path.ts';
export type { Transport } from './transport.ts';
export type { Patience } from './patience.ts';

export { browserPrimitives } from './browser-primitives.ts';
export { browserWorld } from './browser-world.ts';
export { fetchTransport } from './fetch-transport.ts';
export type { FetchTransportOptions } from './fetch-transport.ts';

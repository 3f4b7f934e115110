export type { AskedBefore, EarlierStart, LeftIdle } from '../dialer/asked-before.ts';
export { browserDialer } from './browser-dialer.ts';
export { browserProbes } from './browser-probes.ts';
export type { BrowserDialerOptions } from './browser-dialer.ts';
export { browserPrimitives } from './browser-primitives.ts';
export { browserWorld } from './browser-world.ts';
export { fetchTransport } from './fetch-transport.ts';
export type { FetchTransport, FetchTransportOptions } from './fetch-transport.ts';

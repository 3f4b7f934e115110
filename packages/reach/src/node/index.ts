export { nodeAes128Gcm } from './aes-128-gcm.ts';
export { httpsTransport } from './https-transport.ts';
export type { HttpsTransportOptions } from './https-transport.ts';
export { nodePrimitives } from './node-primitives.ts';
export { nodeProbes } from './node-probes.ts';
export { nodeWorld } from './node-world.ts';
export { nodeDialer } from './node-dialer.ts';
export type { NodeDialerOptions } from './node-dialer.ts';
export type { DohServer } from './resolver.ts';

export { nodePrimitives } from './node-primitives.ts';
export { nodeWorld } from './node-world.ts';

export { nodeWorld } from './node-world.ts';

import { noblePrimitives, type Primitives } from '@tern/protocol';

/**
 * The portable ones. Browsers offer nothing faster that answers at once: WebCrypto only promises, and WebAssembly is not
 * allowed under the app's content policy.
 */
export const browserPrimitives: Primitives = noblePrimitives;

import { groupPrimitivesOver, type GroupPrimitives } from '@tern/core';
import { nodeAes128Gcm, nodePrimitives } from '@tern/reach/node';

/** Group encryption over OpenSSL, synchronous: a message costs half of what it does over WebCrypto. */
export const nodeGroupPrimitives: GroupPrimitives = groupPrimitivesOver(nodePrimitives, nodeAes128Gcm);

import {
  acceptanceCodec,
  batchHeaderCodec,
  capabilityCodec,
  cardCodec,
  contentCodec,
  deviceCertificateCodec,
  deviceListCodec,
  frameCodec,
  hintCodec,
  invitationLinkCodec,
  operationCodecs,
  parcelCodec,
  policyCodec,
  relayLinkCodec,
  responseHeaderCodec,
  responseItemCodec,
  resultCodec,
  signedCodec,
  wireOperationCodec,
  type Codec,
} from '../src/index.ts';

/** Everything that is CBOR on the wire, under the name it has in SPEC.md. */
export const structures: ReadonlyMap<string, Codec<unknown>> = new Map<string, Codec<unknown>>([
  ['signed', signedCodec],
  ['hint', hintCodec],
  ['card', cardCodec],
  ['relay-link', relayLinkCodec],
  ['invitation-link', invitationLinkCodec],
  ['policy', policyCodec],
  ['capability', capabilityCodec],
  ['batch-header', batchHeaderCodec],
  ['operation', wireOperationCodec],
  ...Object.entries(operationCodecs).map(([kind, [, codec]]): [string, Codec<unknown>] => [kind, codec]),
  ['response-header', responseHeaderCodec],
  ['result', resultCodec],
  ['response-item', responseItemCodec],
  ['device-certificate', deviceCertificateCodec],
  ['device-list', deviceListCodec],
  ['acceptance', acceptanceCodec],
  ['parcel', parcelCodec],
  ['content', contentCodec],
  ['frame', frameCodec],
]);

/** @throws {Error} for a name that is not in SPEC.md */
export function structure(name: string): Codec<unknown> {
  const codec = structures.get(name);
  if (codec === undefined) throw new Error(`no structure ${name}`);
  return codec;
}

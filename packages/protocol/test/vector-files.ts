/** What the files of vectors/ hold; bytes are hexadecimal text. */
interface Line {
  readonly structure: string;
  readonly encoded: string;
}
interface SignedLine extends Line {
  readonly label: string;
  readonly key: string;
}
interface EntryLine {
  readonly key: string;
  readonly context: string;
  readonly plaintext: string;
  readonly body: string;
  readonly entry: string;
  readonly id: string;
}
interface Exchange {
  readonly plaintext: string;
  readonly request: string;
  readonly nonce: string;
  readonly answer: string;
  readonly response: string;
}

export interface StructureFile {
  readonly structures: readonly (Line & { readonly value: unknown })[];
}
export interface SignedFile {
  readonly signed: readonly (SignedLine & { readonly seed: string })[];
}
export interface IdFile {
  readonly ids: readonly {
    readonly id: string;
    readonly label: string;
    readonly parts: readonly string[];
    readonly value: string;
  }[];
}
export interface EntryFile {
  readonly inline: readonly EntryLine[];
  readonly chunk: EntryLine;
}
export interface BatchFile {
  readonly relay: string;
  readonly prover: string;
  readonly batches: readonly string[];
  readonly responses: readonly string[];
}
export interface EnvelopeFile {
  readonly relay: string;
  readonly key: { readonly id: string; readonly privateKey: string; readonly publicKey: string };
  readonly underKey: Exchange & { readonly seed: string };
  readonly ticket: {
    readonly id: string;
    readonly secret: string;
    readonly sharePrivateKey: string;
    readonly share: string;
  };
  readonly underTicket: Exchange & { readonly random: string };
  readonly card: string;
  readonly unknownTicket: string;
}
export interface ChunkFile {
  readonly chunks: readonly {
    readonly length: number;
    readonly id: string;
    readonly ranges: readonly {
      readonly from: number;
      readonly to: number;
      readonly proof: readonly string[];
    }[];
  }[];
}
export interface LinkFile {
  readonly links: readonly { readonly link: string; readonly value: unknown }[];
  readonly malformed: readonly string[];
}
export interface EvolutionFile {
  readonly signedWithLaterFields: readonly (SignedLine & { readonly value: unknown })[];
  readonly later: readonly (Line & { readonly value: unknown })[];
}
export interface MalformedFile {
  readonly malformed: readonly (Line & { readonly because: string })[];
}

/** Where time, chance and waiting come from, so that a test can hold all three in its hand. */
export interface World {
  /** milliseconds since 1970, as this machine believes */
  now(): number;
  /** @returns `length` bytes nobody can guess */
  randomBytes(length: number): Uint8Array;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it is aborted before. */
  wait(ms: number, options: { readonly signal: AbortSignal }): Promise<void>;
}

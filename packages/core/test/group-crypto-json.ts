import { hexToBytes as bytes } from '@noble/hashes/utils.js';

/** A test vector as it stands in its file: believed, and named where it is not as expected. */
export interface Json {
  readonly [name: string]: unknown;
}

export function hex(vector: Json, name: string): Uint8Array {
  return bytes(word(vector, name));
}

export function word(vector: Json, name: string): string {
  const value = vector[name];
  if (typeof value !== 'string') throw new Error(`${name} is not a string`);
  return value;
}

export function count(vector: Json, name: string): number {
  const value = vector[name];
  if (typeof value !== 'number') throw new Error(`${name} is not a number`);
  return value;
}

export function items(vector: Json, name: string): readonly unknown[] {
  const value = vector[name];
  if (!Array.isArray(value)) throw new Error(`${name} is not a list`);
  return value;
}

export function list(vector: Json, name: string): readonly Json[] {
  return items(vector, name) as readonly Json[];
}

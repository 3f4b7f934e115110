/**
 * Whether two pieces of plain data are equal by value, bytes included. Where it is not given twice the same object, it costs one
 * look at each field.
 * @param options `skip`: fields that are not looked at, at any depth
 */
export function sameView(
  one: unknown,
  other: unknown,
  options: { readonly skip?: ReadonlySet<string> } = {},
): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (one instanceof Uint8Array || other instanceof Uint8Array) return sameBytes(one, other);
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
    return one.every((value, at) => sameView(value, other[at], options));
  }
  const ours = one as Readonly<Record<string, unknown>>;
  const theirs = other as Readonly<Record<string, unknown>>;
  for (const name in theirs) if (!(name in ours) && options.skip?.has(name) !== true) return false;
  for (const name in ours) {
    if (options.skip?.has(name) === true) continue;
    if (!(name in theirs) || !sameView(ours[name], theirs[name], options)) return false;
  }
  return true;
}

function sameBytes(one: object, other: object): boolean {
  if (!(one instanceof Uint8Array && other instanceof Uint8Array) || one.length !== other.length)
    return false;
  return one.every((byte, at) => byte === other[at]);
}

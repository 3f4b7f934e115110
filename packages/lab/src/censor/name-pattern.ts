/** Names as block lists write them: `*` stands for any characters, as in the loose `*t.co*` of 2021. */
export type NameMatcher = (name: string) => boolean;

/** True for a name that one of the patterns fits. The empty name, of a hello that holds none, fits nothing. */
export function matcherOf(patterns: readonly string[]): NameMatcher {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const loose = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split('*'));
  return (name) => name !== '' && (exact.has(name) || loose.some((parts) => fitsParts(name, parts)));
}

/** @param parts what stands between the stars, two of them at least */
function fitsParts(name: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let place = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, place);
    if (found === -1) return false;
    place = found + part.length;
  }
  return place <= name.length - last.length;
}

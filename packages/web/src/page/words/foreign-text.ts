/** Longer than any name that Tern itself lets pass (80 bytes), so that only what is meant to be a nuisance is cut. */
const longest = 100;

/** Marks on one letter; no living language has more. */
const stackedMarks = /(\p{M}{4})\p{M}+/gu;

/** Overrides, embeddings and isolates could end the isolate around the text, and turn what stands beside it. */
const controls = /[\p{Cc}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+/gu;

/** A short text from outside, fit to stand in one line among ours: without control characters, of a bounded length and height. */
export function tame(text: string): string {
  const start = text
    .slice(0, 4 * longest)
    .replaceAll(controls, ' ')
    .replaceAll(stackedMarks, '$1')
    .trim();
  return start.length > longest ? `${start.slice(0, longest).replace(/[\ud800-\udbff]$/, '')}…` : start;
}

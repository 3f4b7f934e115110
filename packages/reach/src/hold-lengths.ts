/** How long an answer may be kept back at a relay of which nothing is known yet, and at the most. Milliseconds. */
export const shortestHoldMs = 40_000;
export const longestHoldMs = 640_000;

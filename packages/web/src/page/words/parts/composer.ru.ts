/** What the composer says. */
export const composerRu = {} as const;

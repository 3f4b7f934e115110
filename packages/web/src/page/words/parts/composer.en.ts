/** What the composer says. */
export const composerEn = {} as const;

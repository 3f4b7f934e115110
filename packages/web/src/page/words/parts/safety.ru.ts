/** What the safety screen says. */
export const safetyRu = {} as const;

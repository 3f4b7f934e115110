/** What the safety screen says. */
export const safetyEn = {} as const;

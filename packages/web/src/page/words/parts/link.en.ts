/** What the link screen says. */
export const linkEn = {} as const;

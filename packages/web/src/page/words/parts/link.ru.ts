/** What the link screen says. */
export const linkRu = {} as const;

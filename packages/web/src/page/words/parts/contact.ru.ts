/** What the contact screen says. */
export const contactRu = {} as const;

/** What the contact screen says. */
export const contactEn = {} as const;

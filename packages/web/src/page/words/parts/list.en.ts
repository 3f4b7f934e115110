/** What the list says. */
export const listEn = {} as const;

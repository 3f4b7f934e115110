/** What the list says. */
export const listRu = {} as const;

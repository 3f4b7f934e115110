/** What the connection screen says. */
export const connectionRu = {} as const;

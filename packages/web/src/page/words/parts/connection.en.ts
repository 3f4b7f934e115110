/** What the connection screen says. */
export const connectionEn = {} as const;

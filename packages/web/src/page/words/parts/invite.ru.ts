/** What the invite screen says. */
export const inviteRu = {} as const;

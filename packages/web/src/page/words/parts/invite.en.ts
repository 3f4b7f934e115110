/** What the invite screen says. */
export const inviteEn = {} as const;

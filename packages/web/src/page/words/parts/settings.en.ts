/** What the settings screen says. */
export const settingsEn = {} as const;

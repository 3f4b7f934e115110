/** What the settings screen says. */
export const settingsRu = {} as const;

/** What the viewer says. */
export const viewerEn = {} as const;

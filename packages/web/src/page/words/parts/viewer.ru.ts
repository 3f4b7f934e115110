/** What the viewer says. */
export const viewerRu = {} as const;

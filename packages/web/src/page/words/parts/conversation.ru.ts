/** What the conversation says. */
export const conversationRu = {} as const;

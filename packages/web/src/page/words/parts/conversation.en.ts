/** What the conversation says. */
export const conversationEn = {} as const;

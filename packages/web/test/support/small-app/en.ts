export const language = 'In English.';

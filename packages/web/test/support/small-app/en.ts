export const greeting = 'The app is here.';

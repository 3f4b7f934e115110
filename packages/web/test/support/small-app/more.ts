export const more = 'And there is more.';

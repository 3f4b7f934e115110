/** What the conversation says that takes words before the app is there. */
export const earlyEn = {
  'early.coming':
    'Tern is still on its way. Write already: it leaves as soon as everything is here. Until then please keep this page open.',
  'early.stuck': 'The connection lets nothing through just now. What you wrote stays here.',
  'early.refused': 'This invitation is of no use any more, so nothing was sent. Copy what you want to keep.',
  'early.failed': 'Tern could not start, so nothing was sent. Copy what you want to keep.',
  'early.goOn': 'Go on',
} as const;

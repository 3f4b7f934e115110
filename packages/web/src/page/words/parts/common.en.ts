/** Words that many screens say. */
export const commonEn = {
  'common.back': 'Back',
  'common.cancel': 'Cancel',
  'common.close': 'Close',
  'common.copied': 'Copied',
  'common.remove': 'Remove',
  'common.save': 'Save',
  'common.share': 'Share',
  'common.tryAgain': 'Try again',
  'common.waiting': 'One moment…',
  'common.copyFailed': 'Copying is not allowed here. Mark the text and copy it by hand.',
} as const;

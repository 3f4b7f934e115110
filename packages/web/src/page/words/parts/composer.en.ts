/** What the composer says. */
export const composerEn = {
  'composer.write': 'Message',
  'composer.writeTo': 'Message to {name}',
  'composer.send': 'Send',
  'composer.save': 'Save the change',
  'composer.attach': 'Add a photo or a file',
  'composer.photo': 'Photos',
  'composer.camera': 'Camera',
  'composer.file': 'File',
  'composer.replyTo': 'Reply to {name}',
  'composer.editing': 'Edit the message',
  'composer.leave': 'Leave it',
  'composer.drop': 'Drop to send',
  'composer.tooLong': 'Too long for one message.',
  'composer.asFile': 'Send as a file',
  'composer.failed': 'It could not be kept. Your text is still here.',
  'composer.mine': 'yourself',
} as const;

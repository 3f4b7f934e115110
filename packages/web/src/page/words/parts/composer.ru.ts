/** What the composer says. */
export const composerRu = {
  'composer.write': 'Сообщение',
  'composer.writeTo': 'Сообщение для {name}',
  'composer.send': 'Отправить',
  'composer.save': 'Сохранить изменение',
  'composer.attach': 'Добавить фото или файл',
  'composer.photo': 'Фото',
  'composer.camera': 'Камера',
  'composer.file': 'Файл',
  'composer.replyTo': 'Ответ: {name}',
  'composer.editing': 'Изменение сообщения',
  'composer.leave': 'Отменить',
  'composer.drop': 'Отпустите, чтобы отправить',
  'composer.tooLong': 'Слишком длинно для одного сообщения.',
  'composer.asFile': 'Отправить файлом',
  'composer.failed': 'Не удалось сохранить. Ваш текст на месте.',
  'composer.mine': 'вы',
} as const;

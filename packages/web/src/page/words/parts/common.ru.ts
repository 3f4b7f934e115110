/** Words that many screens say. */
export const commonRu = {
  'common.back': 'Назад',
  'common.cancel': 'Отмена',
  'common.close': 'Закрыть',
  'common.copied': 'Скопировано',
  'common.remove': 'Удалить',
  'common.save': 'Сохранить',
  'common.share': 'Поделиться',
  'common.tryAgain': 'Попробовать ещё раз',
  'common.waiting': 'Минуту…',
  'common.copyFailed': 'Здесь нельзя копировать. Выделите текст и скопируйте сами.',
} as const;

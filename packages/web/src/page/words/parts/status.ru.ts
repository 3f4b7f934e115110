/** How the connection stands, in a few words, on every screen. */
export const statusRu = {
  'status.label': 'Связь',
  'status.via': 'через {relay} · {transport}',
  'status.viaPlain': 'через {relay}',
  'status.connecting': 'Подключение…',
  'status.offline': 'Нет сети',
  'status.offlineWaiting': {
    one: 'Нет сети, ждёт {count}',
    few: 'Нет сети, ждут {count}',
    many: 'Нет сети, ждут {count}',
  },
  'status.tryingIn': 'Новая попытка через {wait}',
  'status.noRelay': 'Пока нет узла',
  'status.bannerOffline': 'Сети нет. Читайте и пишите как обычно: всё уйдёт само, когда она появится.',
  'status.bannerStuck': 'Сейчас ничего не проходит. Сообщения сохранены здесь и уйдут сами.',
  'status.why': 'Почему?',
  'status.updateReady': 'Готова новая версия',
  'status.updateNow': 'Перейти на неё',
} as const;

/** What the first page says before the app's own words are there. */
export interface ShellWords {
  readonly title: string;
  readonly begin: string;
  readonly loading: string;
  readonly again: string;
  readonly unreachable: string;
  readonly damaged: string;
  readonly failed: string;
}

const en: ShellWords = {
  title: 'What is your name?',
  begin: 'Begin',
  loading: 'Loading…',
  again: 'Try again',
  unreachable: 'The connection lets nothing through just now. What has arrived is kept.',
  damaged: 'What arrives is not what was sent, so it is not used.',
  failed: 'Tern could not start.',
};

const ru: ShellWords = {
  title: 'Как вас зовут?',
  begin: 'Начать',
  loading: 'Загружаем…',
  again: 'Попробовать ещё раз',
  unreachable: 'Связь сейчас ничего не пропускает. То, что уже пришло, сохранено.',
  damaged: 'Пришло не то, что отправляли, поэтому мы это не используем.',
  failed: 'Tern не запустился.',
};

/** @param wanted languages, the dearest first */
export function wordsIn(wanted: readonly string[]): readonly ['en' | 'ru', ShellWords] {
  for (const language of wanted) {
    if (language.startsWith('ru')) return ['ru', ru];
    if (language.startsWith('en')) break;
  }
  return ['en', en];
}

/** Why the app cannot run in this browser at all. Loaded only then: the first page has no room for it. */
export interface Hindrances {
  readonly old: readonly string[];
  readonly insecure: readonly string[];
}

const en: Hindrances = {
  old: ['Tern needs a newer browser: Chrome or Edge 123, Firefox 128, Safari 17.5.'],
  insecure: [
    'This page came without encryption (http), and on such pages browsers keep no secrets.',
    'Ask whoever runs this relay for a link that begins with https.',
    'If that is you: start it with --tls-cert, --tls-key and --public-url https://NAME, and hand out the link that it prints. On the machine itself http://localhost works as it is.',
  ],
};

const ru: Hindrances = {
  old: ['Нужен браузер поновее: Chrome или Edge 123, Firefox 128, Safari 17.5.'],
  insecure: [
    'Эта страница пришла без шифрования (http), а на таких страницах браузер не хранит секретов.',
    'Попросите у того, кто держит этот узел, ссылку, которая начинается с https.',
    'Если это вы: запустите его с --tls-cert, --tls-key и --public-url https://ИМЯ и раздайте ссылку, которую он напечатает. На самом компьютере http://localhost работает и так.',
  ],
};

export function hindrancesIn(language: string): Hindrances {
  return language === 'ru' ? ru : en;
}

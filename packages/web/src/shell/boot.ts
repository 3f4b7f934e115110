import { openAppLoader } from './app-loader.ts';
import { openFirstPage } from './first-page.ts';
import { openLinkBox } from './link-box.ts';
import type { FrontList } from './load-list.ts';
import { readLook } from './look.ts';
import { wordsIn } from './shell-words.ts';

/** The first script of all. Before anything else it takes the secret out of the address bar. */
async function boot(): Promise<void> {
  const links = openLinkBox();
  const root = document.documentElement;
  root.dataset['theme'] = readLook('theme');
  const [language, words] = wordsIn([readLook('language'), ...navigator.languages]);
  root.lang = language;
  const page = openFirstPage(words);
  // came to the browsers with the versions that we need
  const isOld = !CSS.supports('color', 'light-dark(red,red)');
  if (isOld || !isSecureContext) {
    const { hindrancesIn } = await import('./shell-hindrance.ts');
    const { old, insecure } = hindrancesIn(language);
    page.trouble(isOld ? old : insecure);
    return;
  }
  const content = document.querySelector<HTMLMetaElement>('meta[name=tern]')?.content ?? '';
  openAppLoader({ list: JSON.parse(content) as FrontList, links, page, words, language })();
}

void boot();

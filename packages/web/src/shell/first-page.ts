import type { ShellWords } from './shell-words.ts';

/** What a person sees until the app is there. */
export interface FirstPage {
  /** @param known somebody lives here: a quiet outline instead of the name field */
  welcome(known: boolean): void;
  /** @param done 0 to 1 */
  progress(done: number): void;
  /** What is wrong, in words. `again` is what the button does; without it there is none. */
  trouble(sentences: readonly string[], again?: () => void): void;
  /** trimmed */
  name(): string;
  submitted(): boolean;
  typing(): boolean;
  /** with its style */
  remove(): void;
}

export function openFirstPage(words: ShellWords): FirstPage {
  // the page and this script are made together
  const one = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;
  const input = one('name') as HTMLInputElement;
  const bar = one('bar') as HTMLProgressElement;
  const again = one('again');
  let submitted = false;
  let trying: (() => void) | undefined;
  again.addEventListener('click', () => trying?.());
  one('asks').textContent = words.title;
  one('begin').textContent = words.begin;
  again.textContent = words.again;
  bar.setAttribute('aria-label', words.loading);
  one('hello').addEventListener('submit', (event) => {
    event.preventDefault();
    submitted = input.value.trim() !== '';
    if (!submitted) return;
    one('says').textContent = words.loading;
    one('shell').dataset['submitted'] = '';
  });
  return {
    welcome(known) {
      one('says').textContent = '';
      again.hidden = true;
      bar.hidden = false;
      one('hello').hidden = known;
      one('outline').hidden = !known;
      if (!known) input.focus();
    },
    progress(done) {
      bar.value = done;
    },
    trouble(sentences, tryAgain) {
      one('says').replaceChildren(
        ...sentences.map((textContent) => Object.assign(document.createElement('span'), { textContent })),
      );
      bar.hidden = true;
      one('outline').hidden = true;
      again.hidden = tryAgain === undefined;
      trying = tryAgain;
    },
    name: () => input.value.trim(),
    submitted: () => submitted,
    typing: () => document.activeElement === input,
    remove() {
      one('shell').remove();
      document.querySelector('link[href^="boot-"]')?.remove();
    },
  };
}

import {
  appVersion,
  forgetLink,
  leaveShell,
  loadAsset,
  loadStyle,
  lookForUpdate,
  keepAll,
  onLink,
  onUpdate,
  rememberLook,
  shellHandover,
} from '../../../src/shell/handover.ts';
import { language } from './en.ts';

/** Says on the page what the shell handed over; as small as an app can be. @param filler makes its script larger */
export async function begin(greeting: string, filler: string): Promise<void> {
  const app = document.getElementById('app');
  if (app === null) return;
  const { link, name, submitted, typing } = shellHandover();
  leaveShell();
  const say = (id: string, text: string): void => {
    app.append(Object.assign(document.createElement('p'), { id, textContent: text }));
  };
  const offer = (label: string, act: () => void): void => {
    const button = Object.assign(document.createElement('button'), { textContent: label });
    button.addEventListener('click', act);
    app.append(button);
  };
  say('handover', JSON.stringify({ link, name, submitted, typing }));
  say('version', appVersion());
  onUpdate(() => say('update', 'ready'));
  onLink((next) => say('link', next));
  offer('More', () => void import('./more.ts').then(({ more }) => say('more', more)));
  offer('Keep', () => void keepAll().then((all) => say('kept', String(all))));
  offer('Look', () => void lookForUpdate().then((found) => say('look', String(found))));
  offer('Live here', () => {
    forgetLink();
    rememberLook({ home: true });
  });
  say('greeting', `${greeting} ${language} ${filler.length}`);
  const url = await loadAsset('engine', (done) => say('progress', String(done)));
  const engine = new Worker(url, { type: 'module' });
  engine.addEventListener('message', (event: MessageEvent<string>) => say('engine', event.data));
  await loadStyle('later');
  say('style', getComputedStyle(document.body).backgroundColor);
}

import {
  appVersion,
  leaveShell,
  loadAsset,
  loadStyle,
  onUpdate,
  shellHandover,
} from '../../../src/shell/handover.ts';
import { greeting } from './en.ts';

/** Says on the page what the shell handed over; as small as an app can be. */
async function begin(): Promise<void> {
  const { link, name, submitted, typing } = shellHandover();
  const app = document.getElementById('app');
  if (app === null) return;
  leaveShell();
  const say = (id: string, text: string): void => {
    app.append(Object.assign(document.createElement('p'), { id, textContent: text }));
  };
  say('greeting', greeting);
  say('handover', JSON.stringify({ link, name, submitted, typing }));
  say('version', appVersion());
  onUpdate(() => say('update', 'ready'));
  app.append(
    Object.assign(document.createElement('button'), {
      textContent: 'More',
      onclick: () => void import('./more.ts').then(({ more }) => say('more', more)),
    }),
  );
  const url = await loadAsset('engine');
  const engine = new Worker(url, { type: 'module' });
  engine.addEventListener('message', (event: MessageEvent<string>) => say('engine', event.data));
  await loadStyle('later');
}

void begin();

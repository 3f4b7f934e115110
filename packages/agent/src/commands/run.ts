import { openClientHome } from '../client-home.ts';
import type { Command } from '../context.ts';
import { stayOnline } from '../online.ts';

export const runCommand: Command = {
  words: ['run'],
  operands: [],
  about: 'stay online: receive, and send what waits, until Ctrl-C',
  options: {},
  async run(_call, context) {
    await using opened = await openClientHome(context);
    if (context.output.json) context.output.result({ running: true, name: opened.me.name }, '');
    else context.output.say('online; Ctrl-C ends');
    await stayOnline(opened.client, context, context.signal);
  },
};

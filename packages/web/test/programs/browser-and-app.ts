/** Makes the app and the lockfile's Chromium ready, and prints as one line of JSON where they are: for whoever runs real browsers elsewhere. */
import { builtWeb } from '../../bundle/built-web.ts';
import { chromiumLaunchOptions } from '../support/chromium.ts';

const { executablePath, args, env } = await chromiumLaunchOptions();
process.stdout.write(`${JSON.stringify({ web: await builtWeb(), executablePath, args, env })}\n`);

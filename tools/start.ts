/** `npm start`: a relay that serves the app to browsers, which is built first where its sources have changed. */
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const given = process.argv.slice(2);

/** Nothing is run that needs the app, or somebody has another. */
const needsNoBuild = given.some(
  (word) => word === '--help' || word === '--version' || word.startsWith('--web'),
);

const web = needsNoBuild ? undefined : await build();
const main = fileURLToPath(new URL('../packages/agent/src/main.ts', import.meta.url));
process.argv = [
  process.argv[0] ?? 'node',
  main,
  'relay',
  'run',
  ...(web === undefined ? [] : ['--web', web]),
  ...given,
];
await import('../packages/agent/src/main.ts');

/** @returns undefined where it cannot be built: the relay does its work for those who need no page */
async function build(): Promise<string | undefined> {
  try {
    const { builtWeb } = await import('../packages/web/bundle/built-web.ts');
    return await builtWeb();
  } catch (error) {
    const why = stripVTControlCharacters(error instanceof Error ? error.message : String(error));
    process.stderr.write(
      `tern: the app for browsers could not be built, so this relay serves none: ${why}\n`,
    );
    return undefined;
  }
}

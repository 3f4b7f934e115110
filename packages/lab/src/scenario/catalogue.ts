/** The scenario files that come with the lab. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { MalformedError, UsageError } from '@tern/protocol';

import { decodeScenario, type Scenario } from './scenario.ts';

const folder = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** The paths of the catalogue's files in order, without its variants. */
export async function catalogueFiles(): Promise<readonly string[]> {
  return filesIn(folder);
}

/** Variations of them, to see that nothing was made for one set of numbers. */
export async function variantFiles(): Promise<readonly string[]> {
  return filesIn(join(folder, 'variants'));
}

/** Networks in which a diagnosis has something to say that it has in none of the catalogue; nobody is compared in them. */
export async function examFiles(): Promise<readonly string[]> {
  return filesIn(join(folder, 'diagnosis'));
}

/**
 * @param which the path of a file, or what a file's name of ours begins with, like `S08`
 * @throws {UsageError} where no such file is there
 * @throws {MalformedError} that says which field of which file is wrong
 */
export async function loadScenario(which: string): Promise<Scenario> {
  const path = which.endsWith('.json') ? which : await findFile(which);
  const text = await readScenarioFile(path);
  try {
    return decodeScenario(text);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    throw new MalformedError(`${path}: ${error.message}`, { cause: error });
  }
}

async function findFile(which: string): Promise<string> {
  const all = [...(await catalogueFiles()), ...(await variantFiles()), ...(await examFiles())];
  const wanted = which.toLowerCase();
  const named = (path: string): string => basename(path, '.json').toLowerCase();
  const found =
    all.find((path) => named(path) === wanted) ?? all.find((path) => named(path).startsWith(`${wanted}-`));
  if (found !== undefined) return found;
  throw new UsageError(
    `no scenario ${which}; there are ${all.map((path) => basename(path, '.json')).join(', ')}`,
  );
}

async function filesIn(where: string): Promise<readonly string[]> {
  const names = await readdir(where);
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(where, name));
}

async function readScenarioFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`the scenario ${path} cannot be read`, { cause: error });
  }
}

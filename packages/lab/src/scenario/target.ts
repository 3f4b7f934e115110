import { fail, isRecord, onlyKeys, show } from './field.ts';

/** The levels of a run: A and B everything in seconds or minutes, C text in the end, F less. */
export type Level = 'A' | 'B' | 'C' | 'F';

/** What a messenger built for this should reach. */
export type Target = {
  readonly level: Level;
  /** Where photos may take longer than texts. */
  readonly media?: Level;
  /** So many names and addresses may be burned. */
  readonly burned?: number;
  /** So many connections may be opened into a residual after the one that met it. */
  readonly retries?: number;
};

const levels: readonly Level[] = ['A', 'B', 'C', 'F'];

export function readTarget(value: unknown, path: string): Target {
  if (!isRecord(value)) return fail(path, `must be an object with a level, not ${show(value)}`);
  onlyKeys(value, path, ['level', 'media', 'burned', 'retries']);
  const { media, burned, retries } = value;
  return {
    level: readLevel(value['level'], `${path}.level`),
    ...(media === undefined ? {} : { media: readLevel(media, `${path}.media`) }),
    ...(burned === undefined ? {} : { burned: readCount(burned, `${path}.burned`) }),
    ...(retries === undefined ? {} : { retries: readCount(retries, `${path}.retries`) }),
  };
}

function readCount(value: unknown, path: string): number {
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0;
  return isCount ? value : fail(path, `must be a whole number, not ${show(value)}`);
}

function readLevel(value: unknown, path: string): Level {
  return (
    levels.find((level) => level === value) ?? fail(path, `must be one of A, B, C, F, not ${show(value)}`)
  );
}

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
};

const levels: readonly Level[] = ['A', 'B', 'C', 'F'];

export function readTarget(value: unknown, path: string): Target {
  if (!isRecord(value)) return fail(path, `must be an object with a level, not ${show(value)}`);
  onlyKeys(value, path, ['level', 'media', 'burned']);
  const { media, burned } = value;
  const isCount = typeof burned === 'number' && Number.isInteger(burned) && burned >= 0;
  if (burned !== undefined && !isCount) fail(`${path}.burned`, `must be a whole number, not ${show(burned)}`);
  return {
    level: readLevel(value['level'], `${path}.level`),
    ...(media === undefined ? {} : { media: readLevel(media, `${path}.media`) }),
    ...(isCount ? { burned } : {}),
  };
}

function readLevel(value: unknown, path: string): Level {
  return (
    levels.find((level) => level === value) ?? fail(path, `must be one of A, B, C, F, not ${show(value)}`)
  );
}

/** What one benchmark measured of one thing, as the function that a `*.bench.ts` exports returns it. */
export type Measurement = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: number;
  /** whether the goal is met by more rather than by less; of what happens so often a second (`/s`) it is anyway */
  readonly atLeast?: boolean;
};

/** A line of the result. `value` is null where a benchmark failed, `goal` and `met` where there is nothing to meet. */
export type Figure = {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
  readonly goal: number | null;
  readonly met: boolean | null;
};

export function figureOf({ name, value, unit, goal, atLeast }: Measurement): Figure {
  if (goal === undefined) return { name, value, unit, goal: null, met: null };
  return { name, value, unit, goal, met: (atLeast ?? unit.endsWith('/s')) ? value >= goal : value <= goal };
}

/** Of a benchmark that gave no figures. */
export function errorFigure(name: string): Figure {
  return { name, value: null, unit: 'error', goal: null, met: false };
}

export function jsonLine({ name, value, unit, goal, met }: Figure): string {
  return JSON.stringify({ name, value, unit, goal, met });
}

const nameColumns = 54;
const numberColumns = 11;
const unitColumns = 9;

export const tableHead: string = tableRow('', ['value', '', 'goal', 'met']);

export function tableLine({ name, value, unit, goal, met }: Figure): string {
  const verdict = met === null ? '' : met ? 'yes' : 'NO';
  return tableRow(name, [
    value === null ? 'failed' : shortNumber(value),
    value === null ? '' : unit,
    goal === null ? '' : shortNumber(goal),
    verdict,
  ]);
}

function tableRow(name: string, [value, unit, goal, met]: readonly [string, string, string, string]): string {
  const cells = [
    name.padEnd(nameColumns),
    value.padStart(numberColumns),
    unit.padEnd(unitColumns),
    goal.padStart(numberColumns),
    met,
  ];
  return cells.join(' ').trimEnd();
}

/** Three digits say what a benchmark knows: 0.412, 13.5, 1,540. */
function shortNumber(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: Math.abs(value) >= 1000 ? 4 : 3 });
}

/** @throws {TypeError} for what is no list of measurements: what a benchmark's module exports is only known when it runs */
export function measurementsFrom(value: unknown): readonly Measurement[] {
  if (!Array.isArray(value)) throw new TypeError('a benchmark returns a list of measurements');
  return value.map(measurementFrom);
}

function measurementFrom(one: unknown): Measurement {
  const [name, value, unit] = [valueIn(one, 'name'), valueIn(one, 'value'), valueIn(one, 'unit')];
  const [goal, atLeast] = [valueIn(one, 'goal'), valueIn(one, 'atLeast')];
  if (typeof name !== 'string' || typeof unit !== 'string' || typeof value !== 'number')
    throw new TypeError('a measurement has a name, a value and a unit');
  if (!Number.isFinite(value)) throw new TypeError(`"${name}" has no number`);
  if (goal !== undefined && typeof goal !== 'number')
    throw new TypeError(`the goal of "${name}" is no number`);
  return {
    name,
    value,
    unit,
    ...(goal === undefined ? {} : { goal }),
    ...(typeof atLeast === 'boolean' ? { atLeast } : {}),
  };
}

function valueIn(object: unknown, key: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, key) : undefined;
}

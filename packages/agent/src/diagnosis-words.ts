import { diagnosisEn, type Diagnosis, type Evidence } from '@tern/reach/diagnosis';
import { line } from './terminal-text.ts';

/** A diagnosis as `--json` shows it: `network` for the one over all ways, else the way. */
export function diagnosisObject({
  way,
  cause,
  passes,
  evidence,
}: Diagnosis): Readonly<Record<string, unknown>> {
  const { kind, ...measures } = cause;
  return {
    ...(way === undefined ? { network: true } : { way }),
    cause: kind,
    ...measures,
    passes,
    evidence,
  };
}

/** What is so, what Tern does, and where it helps, what one can do: a line each. */
export function causeLines({ cause }: Diagnosis): readonly string[] {
  const words: Readonly<Record<string, string>> = diagnosisEn;
  return (['what', 'tern', 'you'] as const).flatMap((part) => {
    const sentence = words[`diagnosis.${cause.kind}.${part}`];
    return sentence === undefined ? [] : [filled(sentence, measuresOf(cause))];
  });
}

/** Where it is not of now: how long ago, and why it is told. */
export function earlierLines({ evidence }: Diagnosis): readonly string[] {
  if (evidence.earlier !== true) return [];
  const minutes = Math.max(1, Math.round(evidence.agoMs / 60_000));
  return [`Seen by the app ${minutes} min ago; what was tried now does not reach so far.`];
}

function measuresOf(cause: Diagnosis['cause']): Readonly<Record<string, string>> {
  switch (cause.kind) {
    case 'frozen':
      return { size: `${(cause.bytes / 1000).toFixed(1)} kB` };
    case 'throttled':
      return { speed: speedWords(cause.bitsPerSecond) };
    case 'banned':
      return { wait: `${cause.seconds} s` };
    default:
      return {};
  }
}

function filled(sentence: string, values: Readonly<Record<string, string>>): string {
  return sentence.replaceAll(/\{(\w+)\}/gu, (place, name: string) => values[name] ?? place);
}

/** A table of ways, under a line that names its columns. */
export function wayTable(diagnoses: readonly Diagnosis[]): readonly string[] {
  const rows = [
    ['way', 'cause', 'answered', 'round trip', 'speed', 'compared with'],
    ...diagnoses.map((one) => [
      nameOf(one),
      one.cause.kind,
      `${one.evidence.answered} of ${one.evidence.attempts}`,
      one.evidence.roundTripMs === undefined ? '-' : `${Math.round(one.evidence.roundTripMs)} ms`,
      one.evidence.bitsPerSecond === undefined ? '-' : speedWords(one.evidence.bitsPerSecond),
      controlWords(one.evidence),
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function nameOf({ way }: Diagnosis): string {
  return way === undefined ? '' : line`${way.kind} ${way.name ?? way.address ?? ''}:${way.port}`;
}

function controlWords({ control }: Evidence): string {
  if (control === undefined) return '-';
  const arm = { relay: 'another relay', name: 'another name', way: 'another way' }[control.arm];
  if (control.bitsPerSecond !== undefined) return `${arm}, ${speedWords(control.bitsPerSecond)}`;
  return `${arm}, ${control.answered ? 'answered' : 'not answered'}`;
}

function speedWords(bits: number): string {
  return bits < 1_000_000 ? `${Math.round(bits / 1000)} kbit/s` : `${(bits / 1_000_000).toFixed(1)} Mbit/s`;
}

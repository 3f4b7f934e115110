import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { CauseKind } from '../../src/diagnosis/diagnosis.ts';
import { sessionOf, truths } from './session.ts';

export interface Confusion {
  readonly sessions: number;
  /** the way's cause is the true one */
  readonly right: number;
  /** the cause over all ways is the true one */
  readonly rightOverall: number;
  /** how often `true` was taken for `said` */
  readonly counts: ReadonlyMap<CauseKind, ReadonlyMap<CauseKind, number>>;
  /** seeds of sessions in which the way's cause was another */
  readonly wrong: readonly number[];
}

/** @param of even seeds are for building, odd ones are held out */
export function confusion(of: { readonly sessions: number; readonly odd: boolean }): Confusion {
  const counts = new Map(truths.map((truth) => [truth, new Map<CauseKind, number>()]));
  const wrong: number[] = [];
  let rightOverall = 0;
  for (let index = 0; index < of.sessions; index += 1) {
    const session = sessionOf(index * 2 + (of.odd ? 1 : 0));
    const [overall, ...ways] = diagnose(session.observations, session);
    const said = ways.find(({ way }) => way?.key === session.target)?.cause.kind ?? 'unclear';
    const row = counts.get(session.truth);
    row?.set(said, (row.get(said) ?? 0) + 1);
    if (said !== session.truth) wrong.push(session.seed);
    if (overall.cause.kind === session.truth) rightOverall += 1;
  }
  return { sessions: of.sessions, right: of.sessions - wrong.length, rightOverall, counts, wrong };
}

/** A row for what was true, a column for what was said; rows and columns in the same order. */
export function renderConfusion({ sessions, right, rightOverall, counts }: Confusion): string {
  const short = (kind: CauseKind): string => kind.slice(0, 8).padStart(9);
  const head = `${'true \\ said'.padEnd(20)}${truths.map(short).join('')}   right`;
  const rows = truths.map((truth) => {
    const row = counts.get(truth);
    const all = [...(row?.values() ?? [])].reduce((sum, one) => sum + one, 0);
    const cells = truths.map((said) => String(row?.get(said) ?? '.').padStart(9)).join('');
    return `${truth.padEnd(20)}${cells}${percent(row?.get(truth) ?? 0, all)}`;
  });
  return [
    head,
    ...rows,
    `${right} of ${sessions} right for the way (${percent(right, sessions).trim()}), ${rightOverall} over all ways (${percent(rightOverall, sessions).trim()})`,
  ].join('\n');
}

function percent(part: number, whole: number): string {
  return `${((part * 100) / Math.max(1, whole)).toFixed(1)} %`.padStart(8);
}

import type { ConnectionView } from '@tern/core';
import { diagnose, type Cause, type CauseKind, type Diagnosis } from '@tern/reach/diagnosis';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { ago, duration, size, t, type PlainWordKey } from '../words/words.ts';
import { useNow } from './task.ts';

const lookAgainAfterMs = 5000;

/** What hinders this network, the first, and each way; empty until it is known. */
export function useDiagnoses(): readonly Diagnosis[] {
  const { api, state } = useApp();
  const [found, setFound] = useState<readonly Diagnosis[]>([]);
  const view = state.connections.value;
  const now = useNow(lookAgainAfterMs);
  useEffect(() => {
    let left = false;
    api.observations().then(
      (seen) => {
        if (!left) setFound(diagnose(seen.observations, seen));
      },
      () => undefined, // the home was locked meanwhile
    );
    return () => {
      left = true;
    };
  }, [view, now]);
  return found;
}

export function concerns({ way }: Diagnosis, path: ConnectionView): boolean {
  if (way === undefined) return false;
  if (way.relay !== undefined && path.relay !== undefined) return way.relay === path.relay;
  const { hostname, port, protocol } = new URL(path.origin);
  const there = Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port);
  return (way.name ?? way.address) === hostname.replace(/^\[|\]$/gu, '') && way.port === there;
}

/** A cause says more than that nothing came. */
export function explains(causes: readonly Diagnosis[], trouble: string): boolean {
  return (trouble === 'unreachable' || trouble === 'silent') && causes.some(isTelling);
}

/** A way, or the whole network, is hindered. */
export function areTelling(causes: readonly Diagnosis[]): boolean {
  return causes.some(isTelling);
}

function isTelling({ cause }: Diagnosis): boolean {
  return cause.kind !== 'works' && cause.kind !== 'unclear';
}

/** What slows or holds up large things at a relay while messages pass there; undefined where nothing does, or nothing passes. */
export function slowedWords(diagnoses: readonly Diagnosis[]): PlainWordKey | undefined {
  const byRelay = Map.groupBy(
    diagnoses.filter(isOfWay),
    ({ way }) => way?.relay ?? `${way?.name}:${way?.port}`,
  );
  for (const ways of byRelay.values()) {
    if (ways.some(({ passes }) => passes === 'bulk')) continue;
    for (const { cause, passes } of ways) {
      const slowed = cause.kind === 'throttled' || cause.kind === 'frozen' || cause.kind === 'slow-network';
      if (slowed && passes === 'text') return `diagnosis.banner.${cause.kind}`;
    }
  }
  return undefined;
}

function isOfWay({ way }: Diagnosis): boolean {
  return way !== undefined;
}

/** What concerns all ways alike. */
export function NetworkCause({ of: diagnoses }: { readonly of: readonly Diagnosis[] }): VNode | null {
  const [network] = diagnoses;
  const slowed = slowedWords(diagnoses);
  if (slowed !== undefined) return <p>{t(slowed)}</p>;
  if (network?.cause.kind !== 'border-cut') return null;
  return (
    <p>
      <Sentences cause={network.cause} />
    </p>
  );
}

/** Of one relay, each way that is hindered: what it is, what Tern does, what helps, and by what it is known. */
export function PathCauses(props: {
  readonly causes: readonly Diagnosis[];
  readonly now: number;
}): VNode | null {
  const telling = props.causes.filter(isTelling);
  if (telling.length === 0) return null;
  return (
    <ul class="ways">
      {telling.map((one) => (
        <li key={one.way?.key}>
          {props.causes.length > 1 && (
            <h3>
              <bdi>{wayName(one)}</bdi>
            </h3>
          )}
          <p class="path-trouble">
            <Sentences cause={one.cause} /> <code class="code-note">{one.cause.kind}</code>
          </p>
          <p class="way-evidence">{evidenceText(one, props.now)}</p>
        </li>
      ))}
    </ul>
  );
}

function wayName({ way }: Diagnosis): string {
  if (way === undefined) return '';
  const kind = way.kind === 'websocket' ? 'WebSocket' : 'HTTPS';
  return `${kind} · ${way.name ?? way.address ?? ''}:${way.port}`;
}

function Sentences({ cause }: { readonly cause: Cause }): VNode {
  return (
    <>{[whatText(cause), ternText(cause), youText(cause.kind)].filter((text) => text !== '').join(' ')}</>
  );
}

function whatText(cause: Cause): string {
  switch (cause.kind) {
    case 'frozen':
      return t('diagnosis.frozen.what', { size: size(cause.bytes) });
    case 'throttled':
      return t('diagnosis.throttled.what', { speed: speedText(cause.bitsPerSecond) });
    default:
      return t(`diagnosis.${cause.kind}.what`);
  }
}

function ternText(cause: Cause): string {
  return cause.kind === 'banned'
    ? t('diagnosis.banned.tern', { wait: duration(Math.max(1, cause.seconds) * 1000) })
    : t(`diagnosis.${cause.kind}.tern`);
}

function youText(kind: CauseKind): string {
  switch (kind) {
    case 'works':
    case 'slow-network':
    case 'protocol-refused':
    case 'unclear':
      return '';
    default:
      return t(`diagnosis.${kind}.you`);
  }
}

function evidenceText({ cause, evidence }: Diagnosis, now: number): string {
  const { alike, attempts, agoMs, control } = evidence;
  const seen = t('diagnosis.seen', {
    alike: String(alike),
    attempts: String(attempts),
    ago: ago(now - agoMs, now),
  });
  const packets =
    cause.kind === 'frozen' ? t('diagnosis.packets', { packets: String(cause.packetsEstimate) }) : '';
  const compared =
    control === undefined
      ? ''
      : control.bitsPerSecond !== undefined
        ? t(`diagnosis.fast.${control.arm}`, { speed: speedText(control.bitsPerSecond) })
        : control.answered
          ? t(`diagnosis.control.${control.arm}`)
          : '';
  return [seen, packets, compared].filter((text) => text !== '').join(' ');
}

function speedText(bits: number): string {
  return bits < 1_000_000
    ? t('diagnosis.kbit', { value: Math.round(bits / 1000) })
    : t('diagnosis.mbit', { value: Math.round(bits / 100_000) / 10 });
}

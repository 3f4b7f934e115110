import type { RelayId } from '@tern/protocol';
import type { Observation } from '../diagnosis/observation.ts';
import type { AttemptReport, Ended, ObservedWay } from './attempt-report.ts';
import { wayKey } from './way.ts';

/** An attempt as a diagnosis looks at it. */
export function observationOf(report: AttemptReport, relay: RelayId | undefined): Observation {
  const { way, stages, exchangesBefore, address } = report;
  const literal = way.by === 'literal';
  return {
    way: toldWay(way, { relay, address }),
    beganAt: report.at,
    endedAt: report.endedAt,
    connection: connectionOf(report),
    ...(!literal && exchangesBefore === 0 && lookedUp(report)),
    ...(stages.connectedMs !== undefined && { connectedAfterMs: stages.connectedMs }),
    // on a way through another relay no hello of its own is said
    ...(stages.greetedMs !== undefined &&
      way.carrier !== 'forward' && { helloAnsweredAfterMs: stages.greetedMs }),
    ...(stages.firstByteMs !== undefined && { firstByteAfterMs: stages.firstByteMs }),
    ...(stages.lastByteMs !== undefined && { lastByteAfterMs: stages.lastByteMs }),
    upBytes: report.upBytes,
    downBytes: report.downBytes,
    held: report.held,
    end: endOf(report),
    bulk: report.bulk,
  };
}

/**
 * Hidden where nobody sees it being opened, and on ways through another relay, which have none of their own. What is asked a second time
 * where it is hidden goes over the connection of the first: that it carried both is known.
 */
function connectionOf({
  way,
  blind,
  exchangesBefore,
  connectionBytes,
  connectionAgeMs,
}: AttemptReport): Observation['connection'] {
  if (way.carrier === 'forward' || (blind && exchangesBefore === 0)) return undefined;
  return {
    fresh: exchangesBefore === 0,
    exchangesBefore,
    upBytes: connectionBytes.up,
    downBytes: connectionBytes.down,
    ageMs: connectionAgeMs,
  };
}

function endOf({ ended, stage, blind, downBytes }: AttemptReport): Observation['end'] {
  // nothing had left yet
  if (stage === 'waiting') return 'cancelled';
  if (ended !== 'failed') return ends[ended];
  if (downBytes > 0) return 'closed-early';
  return blind ? 'failed' : 'silent';
}

/** A way in the words of the diagnosis. @param options.address the one that was dialled, where that is known */
export function toldWay(
  way: ObservedWay,
  { relay, address }: { readonly relay?: RelayId | undefined; readonly address?: string | undefined },
): Observation['way'] {
  const dialled = address ?? (way.by === 'literal' ? way.host : undefined);
  return {
    key: wayKey(way),
    kind: way.carrier,
    ...(way.serverName !== '' && { name: way.serverName }),
    ...(dialled !== undefined && { address: dialled }),
    port: way.port,
    ...(relay !== undefined && { relay }),
  };
}

/** Nothing where the platform does its own looking up, as a browser does. */
function lookedUp({
  way,
  stages,
  address,
  ended,
  stage,
  at,
  endedAt,
}: AttemptReport): Pick<Observation, 'resolved'> {
  const by = way.by === 'system' ? 'system' : way.by === 'doh' ? 'https' : 'memory';
  if (stage === 'lookup' && by !== 'memory' && (ended === 'name' || ended === 'silent')) {
    const failed = ended === 'name' ? 'no-such-name' : 'no-answer';
    return { resolved: { afterMs: endedAt - at, failed, by } };
  }
  if (address === undefined || stages.resolvedMs === undefined) return {};
  return { resolved: { afterMs: stages.resolvedMs, addresses: [address], by } };
}

const ends: Readonly<Record<Exclude<Ended, 'failed'>, Observation['end']>> = {
  ok: 'answered',
  name: 'silent',
  refused: 'refused-connection',
  reset: 'reset',
  closed: 'closed-early',
  silent: 'silent',
  certificate: 'wrong-certificate',
  'not-a-relay': 'not-a-relay',
  left: 'cancelled',
};

import { Plus, RefreshCw, Search } from 'lucide';
import type { ConnectionView } from '@tern/core';
import type { Diagnosis } from '@tern/reach/diagnosis';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { ConnectionsView } from '../../engine/app-api.ts';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { ScreenHead, Spinner } from '../parts/pieces.tsx';
import { ago, duration, t } from '../words/words.ts';
import { hostOf, transportName } from './connection-host.ts';
import { isPassing, troubleWords } from './connection-trouble.ts';
import { areTelling, concerns, explains, NetworkCause, PathCauses, useDiagnoses } from './diagnosis.tsx';
import { useNow, useTask } from './task.ts';

/** Every path there is, how it does, and why one does not. */
export function ConnectionScreen(): VNode {
  const { api, state, nav } = useApp();
  const view = state.connections.value;
  const now = useNow(1000);
  const task = useTask();
  const look = useTask();
  const [looked, setLooked] = useState(false);
  const diagnoses = useDiagnoses();
  if (view === undefined) return <Spinner label={t('common.waiting')} />;
  return (
    <div class="screen">
      <ScreenHead title={t('connection.title')} />
      <div class="screen-body">
        <div class="screen-column">
          <div class="lead">
            <p>{t(view.online ? 'connection.what' : 'connection.offline')}</p>
            <p class="queue" role="status">
              {view.queued === 0
                ? t('connection.nothingWaits')
                : t('connection.waiting', { count: view.queued })}
            </p>
            <NetworkCause of={diagnoses} />
            {look.busy && <p role="status">{t('connection.looking')}</p>}
            {looked && !look.busy && !areTelling(diagnoses) && (
              <p role="status">{t(isWell(view) ? 'connection.nothingFound' : 'connection.nothingTold')}</p>
            )}
          </div>
          {view.paths.length === 0 ? (
            <p>{t('connection.noRelay')}</p>
          ) : (
            <ul class="paths">
              {view.paths.map((path) => (
                <li key={path.origin}>
                  <Path path={path} now={now} causes={diagnoses.filter((one) => concerns(one, path))} />
                </li>
              ))}
            </ul>
          )}
          <div class="actions">
            {view.paths.length > 0 && (
              <Button
                icon={RefreshCw}
                kind="primary"
                busy={task.busy}
                onClick={() => task.run(() => api.retryNow())}
              >
                {t('connection.tryNow')}
              </Button>
            )}
            {view.paths.length > 0 && (
              <Button
                icon={Search}
                busy={look.busy}
                onClick={() =>
                  look.run(async (signal) => {
                    await api.lookCloser({ signal });
                    setLooked(true);
                  })
                }
              >
                {t('connection.lookCloser')}
              </Button>
            )}
            <Button icon={Plus} onClick={() => nav.deeper({ kind: 'link' })}>
              {t('connection.addRelay')}
            </Button>
          </div>
        </div>
      </div>
    </div>
  );
}

function isWell({ online, paths }: ConnectionsView): boolean {
  return online && paths.every(({ state }) => state === 'online');
}

function Path(props: {
  readonly path: ConnectionView;
  readonly now: number;
  readonly causes: readonly Diagnosis[];
}): VNode {
  const { path, now, causes } = props;
  const trouble = path.trouble === undefined || isPassing(path.trouble) ? undefined : path.trouble;
  return (
    <article class="path" aria-label={hostOf(path.origin)}>
      <h2>
        <span class={`chip-dot dot-${path.state}`} aria-hidden="true" />
        <bdi>{hostOf(path.origin)}</bdi>
      </h2>
      <p class="path-state">{stateText(path, now)}</p>
      <PathCauses causes={causes} now={now} />
      {trouble !== undefined && path.state !== 'online' && !explains(causes, trouble) && (
        <p class="path-trouble">
          {t(troubleWords(trouble).what)} {t(troubleWords(trouble).next)}{' '}
          <code class="code-note">{trouble}</code>
        </p>
      )}
      <dl class="facts">
        {path.transport !== undefined && (
          <Fact name={t('connection.transport')} value={transportName(path.transport)} />
        )}
        {path.latencyMs !== undefined && (
          <Fact
            name={t('connection.latency')}
            value={t('connection.ms', { value: Math.round(path.latencyMs) })}
          />
        )}
        <Fact
          name={t('connection.lastContact')}
          value={path.lastContactAt === undefined ? t('connection.never') : ago(path.lastContactAt, now)}
        />
      </dl>
    </article>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function stateText({ state, nextTryAt }: ConnectionView, now: number): string {
  if (state === 'online') return t('connection.online');
  if (state === 'connecting' || nextTryAt === undefined || nextTryAt <= now) return t('status.connecting');
  return t('status.tryingIn', { wait: duration(Math.ceil((nextTryAt - now) / 1000) * 1000) });
}

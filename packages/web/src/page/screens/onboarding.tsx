import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { LinkView } from '../../engine/app-api.ts';
import { rememberLook, shellHandover, type Handover } from '../../shell/handover.ts';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Field } from '../parts/field.tsx';
import { later } from '../parts/lazy.tsx';
import { Spinner } from '../parts/pieces.tsx';
import { t } from '../words/words.ts';
import { hostOf } from './connection-host.ts';
import { beginHere, nameTrouble } from './onboarding-beginning.ts';
import { CopyButton } from './link-pieces.tsx';
import { useTask } from './task.ts';

const Import = later(async () => (await import('./onboarding-import.tsx')).ImportForm);

/** A relay that takes longer does not keep anybody from coming in. */
const longestSettlingMs = 5000;

type Step = 'reading' | 'asking' | 'naming' | 'importing';

/**
 * Nobody lives here yet: asks for a name and nothing else. Somebody who came by a link is first asked whether they are new at all.
 * @param props `onSettling`: between being somebody and knowing where to go, nothing else need be shown
 */
export function OnboardingScreen(props: { readonly onSettling?: (settling: boolean) => void }): VNode {
  const { api } = useApp();
  // as things stand now: who types on the first page until the app takes its place goes on typing here
  const [arrival] = useState(shellHandover);
  const { link } = arrival;
  const [view, setView] = useState<LinkView | undefined>(undefined);
  const [step, setStep] = useState<Step>(link === undefined ? 'naming' : 'reading');
  // nobody lives here, whoever did before: a wiped browser does not say otherwise at its next opening
  useEffect(() => rememberLook({ home: false }), []);
  useEffect(() => {
    if (link === undefined) return;
    // who has written a name already has answered the question
    const next = (arrival.name ?? '').trim() === '' ? 'asking' : 'naming';
    api.linkIn(link).then(
      (found) => {
        setView(found);
        setStep(found.kind === 'none' ? 'naming' : next);
      },
      () => {
        setView({ kind: 'none', because: 'malformed' });
        setStep('naming');
      },
    );
  }, [link]);
  return (
    <main class="welcome">
      <p class="wordmark" aria-hidden="true">
        Tern
      </p>
      {step === 'reading' && <Spinner label={t('common.waiting')} />}
      {step === 'asking' && <AlreadyHere link={link ?? ''} view={view} onNew={() => setStep('naming')} />}
      {step === 'naming' && (
        <NameForm
          arrival={arrival}
          view={view}
          onImport={() => setStep('importing')}
          onSettling={props.onSettling}
        />
      )}
      {step === 'importing' && <Import onBack={() => setStep('naming')} />}
    </main>
  );
}

function AlreadyHere(props: {
  readonly link: string;
  readonly view: LinkView | undefined;
  readonly onNew: () => void;
}): VNode {
  return (
    <div class="welcome-card">
      <Invited view={props.view} />
      <h2>{t('onboarding.haveTern')}</h2>
      <p>{t('onboarding.haveTernWhat')}</p>
      <div class="stack">
        <CopyButton text={props.link} label={t('onboarding.copyLink')} />
        <Button kind="primary" onClick={props.onNew}>
          {t('onboarding.iAmNew')}
        </Button>
      </div>
    </div>
  );
}

function NameForm(props: {
  readonly arrival: Handover;
  readonly view: LinkView | undefined;
  readonly onImport: () => void;
  readonly onSettling: ((settling: boolean) => void) | undefined;
}): VNode {
  const app = useApp();
  const { view, arrival } = props;
  const { link } = arrival;
  const [name, setName] = useState(arrival.name ?? '');
  const [asked, setAsked] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const task = useTask();
  const trouble = nameTrouble(name);
  const begin = (): void => {
    setAsked(true);
    if (trouble !== undefined) return field.current?.focus();
    task.run(async () => {
      const settled = (): void => props.onSettling?.(false);
      const late = setTimeout(settled, longestSettlingMs);
      props.onSettling?.(true);
      try {
        await beginHere(app, {
          name,
          ...(link !== undefined && { link }),
          ...(view !== undefined && { view }),
        });
      } finally {
        clearTimeout(late);
        settled();
      }
    });
  };
  // with the screen and not a moment after it, or the first keys would go astray
  useLayoutEffect(() => field.current?.focus(), []);
  useEffect(() => {
    if (arrival.submitted && view?.kind !== 'none') begin();
  }, []);
  const invited = view?.kind === 'invitation';
  return (
    <form
      class="welcome-card"
      onSubmit={(event) => {
        event.preventDefault();
        begin();
      }}
    >
      <Invited view={view} />
      {invited ? <h2>{t('onboarding.title')}</h2> : <h1>{t('onboarding.title')}</h1>}
      {view?.kind === 'relay' && <p>{t('onboarding.relayLink', { origin: hostOf(view.origin) })}</p>}
      {view?.kind === 'none' && <p role="alert">{t('onboarding.brokenLink')}</p>}
      <Field
        label={t('onboarding.name')}
        value={name}
        onInput={setName}
        autocomplete="name"
        inputRef={field}
        hint={
          view?.kind === 'invitation' ? t('onboarding.invitedWhy', { name: view.name }) : t('onboarding.why')
        }
        error={errorOf(asked, trouble, task.trouble)}
      />
      <div class="stack">
        <Button kind="primary" type="submit" busy={task.busy}>
          {t('onboarding.begin')}
        </Button>
        <Button kind="quiet" onClick={props.onImport}>
          {t('onboarding.bringExport')}
        </Button>
      </div>
    </form>
  );
}

function Invited({ view }: { readonly view: LinkView | undefined }): VNode | null {
  return view?.kind === 'invitation' ? <h1>{t('onboarding.invitedBy', { name: view.name })}</h1> : null;
}

function errorOf(
  asked: boolean,
  name: ReturnType<typeof nameTrouble>,
  task: string | undefined,
): string | undefined {
  if (asked && name !== undefined) return t(name);
  return task === undefined ? undefined : t('onboarding.failed');
}

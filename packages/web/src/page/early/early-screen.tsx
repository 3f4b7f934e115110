import { effect } from '@preact/signals';
import { CircleAlert, Hourglass } from 'lucide';
import { render, type VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { ShellLeft } from '../arrival.tsx';
import { ComposerLine, isTooLong } from '../composer/composer-line.tsx';
import { Avatar } from '../parts/avatar.tsx';
import { Button } from '../parts/button.tsx';
import { StatusMark, statusWord } from '../parts/message-status.tsx';
import { Banner } from '../parts/pieces.tsx';
import { clock, t, tame } from '../words/words.ts';
import type { EarlyTalk, EarlyText } from './early-talk.ts';

/** Shows the conversation in a place of its own above the app, until the app goes on with it or the signal ends it. */
export function showEarlyTalk(early: EarlyTalk, ending: AbortSignal): void {
  const place = Object.assign(document.createElement('div'), { className: 'early-place' });
  document.body.append(place);
  render(<EarlyPlace early={early} />, place);
  const end = (): void => {
    render(null, place);
    place.remove();
  };
  ending.addEventListener('abort', end);
  effect(() => {
    // at once, and not when it is drawn next
    if (early.stage.value === 'left') end();
  });
}

function EarlyPlace({ early }: { readonly early: EarlyTalk }): VNode | null {
  return early.name.value !== undefined && early.stage.value === 'shown' ? (
    <EarlyScreen early={early} />
  ) : null;
}

function EarlyScreen({ early }: { readonly early: EarlyTalk }): VNode {
  const name = tame(early.inviter.name);
  const texts = early.texts.value;
  const end = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    end.current?.scrollTo(0, end.current.scrollHeight);
  }, [texts]);
  return (
    <main class="early frame" data-at="beside">
      <ShellLeft />
      <div class="beside-list" aria-hidden="true">
        <p class="early-mark">Tern</p>
      </div>
      <div class="place">
        <section class="conversation">
          <header class="screen-head conversation-head">
            <h1>
              <span class="head-person">
                <Avatar id={early.inviter.person} name={name} size="small" />
                <span class="conversation-title">
                  <bdi>{name}</bdi>
                </span>
              </span>
            </h1>
          </header>
          <Standing early={early} />
          <div class="messages-frame">
            <div class="messages" role="log" aria-label={t('conversation.messages')} ref={end}>
              <div class="messages-rise" />
              <p class="line quiet-line">{t('conversation.beginning')}</p>
              {texts.map((text, at) => (
                <Said
                  key={text.id}
                  said={text}
                  early={early}
                  first={at === 0}
                  last={at === texts.length - 1}
                />
              ))}
            </div>
          </div>
          <EarlyComposer early={early} name={name} />
        </section>
      </div>
    </main>
  );
}

/** How things stand: what is still on its way, or what the person has to decide about. */
function Standing({ early }: { readonly early: EarlyTalk }): VNode | null {
  const question = early.question.value;
  if (question !== undefined)
    return (
      <Banner
        kind="warning"
        icon={CircleAlert}
        actions={
          <Button kind="primary" onClick={question.answer}>
            {t(question.action)}
          </Button>
        }
      >
        {t(question.says)}
      </Banner>
    );
  switch (early.standing.value) {
    case 'coming':
      return (
        <>
          <progress class="early-bar" aria-label={t('common.waiting')} value={early.progress.value} max={1} />
          <Banner icon={Hourglass}>{t('early.coming')}</Banner>
        </>
      );
    case 'waiting':
      return (
        <Banner icon={Hourglass}>{t('conversation.waitingBanner', { name: early.inviter.name })}</Banner>
      );
    case 'met':
      return null;
  }
}

function Said(props: {
  readonly said: EarlyText;
  readonly early: EarlyTalk;
  readonly first: boolean;
  readonly last: boolean;
}): VNode {
  const { id, text, at } = props.said;
  const status = props.early.statuses.value.get(id) ?? 'queued';
  return (
    <div class="line">
      <div class={`message-place mine${props.first ? ' first' : ''}${props.last ? ' last' : ''}`}>
        <article
          class="message"
          data-message={id}
          aria-label={`${t('conversation.you')}, ${clock(at)}, ${statusWord(status)}`}
        >
          <div class="text" dir="auto">
            {text}
            <span class="message-meta">
              <time dateTime={new Date(at).toISOString()}>{clock(at)}</time>
              <StatusMark status={status} />
            </span>
          </div>
        </article>
      </div>
    </div>
  );
}

function EarlyComposer({ early, name }: { readonly early: EarlyTalk; readonly name: string }): VNode {
  const field = useRef<HTMLTextAreaElement>(null);
  const text = early.draft.value;
  const ready = text.trim() !== '' && !isTooLong(text);
  useEffect(() => field.current?.focus(), []);
  const send = (): void => {
    field.current?.focus();
    if (!ready) return;
    early.draft.value = '';
    early.say(text);
  };
  return (
    <div class="composer">
      <ComposerLine
        name={name}
        text={text}
        onText={(next) => {
          early.draft.value = next;
        }}
        ready={ready}
        onSend={send}
        field={field}
      />
    </div>
  );
}

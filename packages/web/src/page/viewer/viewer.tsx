import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { MessageView, WindowLine } from '@tern/core';
import type { MessageId } from '@tern/protocol';
import { ChevronLeft, ChevronRight, Download, X, ZoomIn, ZoomOut } from 'lucide';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from '../context.ts';
import { shelfOf } from '../conversation/picture-shelf.ts';
import { saveFile } from '../conversation/saving.ts';
import { useTalk } from '../conversation/talk.ts';
import { IconButton } from '../parts/button.tsx';
import { Spinner } from '../parts/pieces.tsx';
import { t } from '../words/words.ts';
import { followGestures } from './gestures.ts';
import { moved, resting, scaled, type View } from './view.ts';

export interface ViewerProps {
  readonly id: MessageId;
  readonly lines: ReadonlySignal<readonly WindowLine[]>;
  readonly onClose: () => void;
}

const step = 1.5;

/** The pictures of a conversation, one at a time and as large as one likes. */
export function Viewer({ id, lines, onClose }: ViewerProps): VNode {
  const app = useApp();
  const { api } = app;
  const talk = useTalk();
  const shelf = shelfOf(app, talk);
  const dialog = useRef<HTMLDialogElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const current = useSignal(id);
  const view = useSignal<View>(resting);
  const pictures = lines.value.filter(isPicture);
  const at = pictures.findIndex((one) => one.id === current.value);
  const message = pictures[at];
  const shown = shelf.picture(current.value).value;

  const go = (by: number): void => {
    const next = pictures[at + by];
    if (next === undefined) return;
    view.value = resting;
    current.value = next.id;
  };
  const zoom = (by: number): void => {
    view.value = scaled(view.peek(), by, { x: 0, y: 0 });
  };
  const latest = useRef(go);
  latest.current = go;

  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    const ending = new AbortController();
    if (stage.current !== null)
      followGestures(stage.current, {
        view,
        onSwipe: (by) => latest.current(by),
        signal: ending.signal,
      });
    return () => {
      ending.abort();
      dialog.current?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useEffect(() => shelf.load(current.value), [current.value]);

  const { scale, x, y } = view.value;
  return (
    <dialog
      ref={dialog}
      class="viewer"
      aria-label={t('viewer.title')}
      onClose={onClose}
      onKeyDown={(event) => {
        const rtl = getComputedStyle(event.currentTarget).direction === 'rtl';
        const key = rtl ? mirrored(event.key) : event.key;
        if (key === '+' || key === '=') zoom(step);
        else if (key === '-') zoom(1 / step);
        else if (key === '0') view.value = resting;
        else if (scale > 1 && arrows[event.key] !== undefined)
          view.value = moved(view.peek(), arrows[event.key] ?? { x: 0, y: 0 });
        else if (key === 'ArrowRight') go(1);
        else if (key === 'ArrowLeft') go(-1);
        else return;
        event.preventDefault();
      }}
    >
      <header class="viewer-head">
        <IconButton label={t('common.close')} icon={X} onClick={onClose} />
        <p class="viewer-count" aria-live="polite">
          {pictures.length > 1 && t('viewer.of', { at: at + 1, all: pictures.length })}
        </p>
        <IconButton
          label={t('viewer.zoomOut')}
          icon={ZoomOut}
          disabled={scale <= 1}
          onClick={() => zoom(1 / step)}
        />
        <IconButton
          label={t('viewer.zoomIn')}
          icon={ZoomIn}
          disabled={scale >= 8}
          onClick={() => zoom(step)}
        />
        {message !== undefined && (
          <IconButton
            label={t('viewer.save')}
            icon={Download}
            onClick={() => talk.attempt(() => saveFile(api, message, new AbortController().signal))}
          />
        )}
      </header>
      <div ref={stage} class="viewer-stage">
        {shown.kind === 'here' ? (
          <img
            src={shown.url}
            alt={message?.text ?? message?.file?.name ?? ''}
            draggable={false}
            style={{ transform: `translate(${x}px, ${y}px) scale(${scale})` }}
          />
        ) : shown.kind === 'failed' ? (
          <p role="alert">{t('viewer.failed')}</p>
        ) : (
          <Spinner label={t('viewer.loading')} />
        )}
      </div>
      {pictures.length > 1 && (
        <>
          <IconButton
            class="viewer-step previous"
            label={t('viewer.previous')}
            icon={ChevronLeft}
            disabled={at <= 0}
            onClick={() => go(-1)}
          />
          <IconButton
            class="viewer-step next"
            label={t('viewer.next')}
            icon={ChevronRight}
            disabled={at === pictures.length - 1}
            onClick={() => go(1)}
          />
        </>
      )}
      {message?.text !== undefined && message.text !== '' && (
        <p class="viewer-caption" dir="auto">
          {message.text.slice(0, 600)}
        </p>
      )}
    </dialog>
  );
}

const panPx = 80;

const arrows: Readonly<Record<string, { readonly x: number; readonly y: number }>> = {
  ArrowLeft: { x: panPx, y: 0 },
  ArrowRight: { x: -panPx, y: 0 },
  ArrowUp: { x: 0, y: panPx },
  ArrowDown: { x: 0, y: -panPx },
};

function mirrored(key: string): string {
  if (key === 'ArrowLeft') return 'ArrowRight';
  return key === 'ArrowRight' ? 'ArrowLeft' : key;
}

function isPicture(line: WindowLine): line is MessageView & { readonly key: string } {
  return line.kind === 'message' && !line.deleted && line.file?.picture !== undefined;
}

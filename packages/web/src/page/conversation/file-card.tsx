import type { FileView, MessageView } from '@tern/core';
import { Download, File } from 'lucide';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Icon } from '../parts/icon.tsx';
import { size, t } from '../words/words.ts';
import { isLeaving, Ring, Sending } from './ring.tsx';
import { plainName, saveFile } from './saving.ts';
import { useTalk } from './talk.ts';

/** A file by its name and size, and the way to save it. */
export function FileCard({
  message,
  file,
}: {
  readonly message: MessageView;
  readonly file: FileView;
}): VNode {
  const { api, state } = useApp();
  const talk = useTalk();
  const [saving, setSaving] = useState(false);
  const stopping = useRef<AbortController>(undefined);
  const transfer = state.transfers.value.get(message.id);
  const name = plainName(file.name);
  useEffect(() => () => stopping.current?.abort(), []);
  const save = (): void => {
    const controller = new AbortController();
    stopping.current = controller;
    setSaving(true);
    talk.attempt(async () => {
      try {
        await saveFile(api, message, controller.signal);
      } catch (error) {
        if (!controller.signal.aborted) throw error;
      } finally {
        setSaving(false);
      }
    });
  };
  return (
    <>
      {isLeaving(message, transfer) ? (
        <Sending message={message} name={name} />
      ) : saving ? (
        <Ring
          label={t('conversation.loading', { name })}
          transfer={transfer}
          stop={t('conversation.stopLoading')}
          onStop={() => stopping.current?.abort()}
        />
      ) : (
        <button
          type="button"
          class="file-save"
          aria-label={t('conversation.saveNamed', { name, size: size(file.size) })}
          onClick={save}
        >
          <Icon node={file.here ? File : Download} />
        </button>
      )}
      <span class="file-text">
        <bdi class="file-name">{name}</bdi>
        <span class="file-size">
          {transfer === undefined ? size(file.size) : `${size(transfer.done)} / ${size(transfer.total)}`}
        </span>
      </span>
    </>
  );
}

import { Paperclip } from 'lucide';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { hasKeyboard } from '../parts/keyboard.ts';
import type { OpenTalk } from '../conversation/open-talk.ts';
import type { Aim } from '../conversation/talk.ts';
import { extra, later } from '../parts/lazy.tsx';
import { t } from '../words/words.ts';
import { AttachButton } from './attach-button.tsx';
import { ComposerLine, isTooLong } from './composer-line.tsx';
import { useDraft } from './draft.ts';
import { useDrop } from './drop.ts';

const AimBar = extra(async () => (await import('../conversation/extras.ts')).AimBar);
const DropOverlay = extra(async () => (await import('../conversation/extras.ts')).DropOverlay);
const TooLong = extra(async () => (await import('../conversation/extras.ts')).TooLong);
const SendDialog = later(async () => (await import('./send-dialog.tsx')).SendDialog);

/** Where one writes. What is written is kept for each conversation until it is sent. */
export function Composer({ talk }: { readonly talk: OpenTalk }): VNode {
  const { api, announcer } = useApp();
  const field = useRef<HTMLTextAreaElement>(null);
  const aim = talk.aim.value;
  const [text, setText, textNow] = useDraft(talk);
  const [files, setFiles] = useState<readonly File[]>([]);
  const over = useDrop(setFiles);
  const tooLong = isTooLong(text);
  const ready = text.trim() !== '' && !tooLong;

  useEffect(() => {
    // somebody was accepted or unblocked, and the button that had the focus is gone
    if (hasKeyboard() && document.activeElement === document.body) field.current?.focus();
  }, []);
  // before anything can be typed over it
  useLayoutEffect(() => {
    if (aim.kind === 'new') return;
    if (aim.kind === 'edit') setText(aim.words ?? aim.message.text ?? '');
    field.current?.focus();
  }, [aim]);

  const leaveAim = (): void => {
    if (aim.kind === 'edit') setText('');
    talk.setAim({ kind: 'new' });
  };
  /** What was begun since stays behind it. An old message that is being changed by now is left as it is: this is none of its words. */
  const giveBack = (said: string, aimed: Aim): void => {
    const now = talk.aim.peek();
    const untouched = now.kind === 'edit' ? (now.message.text ?? '') : '';
    const begun = textNow() === untouched ? '' : textNow();
    if (now.kind === 'new' && begun === '')
      talk.setAim(aimed.kind === 'edit' ? { ...aimed, words: said } : aimed);
    else if (now.kind === 'edit') talk.setAim({ kind: 'new' });
    setText(begun === '' ? said : `${said}\n${begun}`);
  };
  const send = (): void => {
    if (!ready) return;
    const said = text;
    setText('');
    talk.setAim({ kind: 'new' });
    field.current?.focus();
    const done =
      aim.kind === 'edit'
        ? api.edit(aim.message.id, said)
        : api.sendText(talk.id, said, aim.kind === 'reply' ? { replyTo: aim.to.id } : {});
    done.catch(() => {
      giveBack(said, aim);
      announcer.show({ text: t('composer.failed') });
    });
  };

  return (
    <div class="composer">
      {over && <DropOverlay />}
      {aim.kind !== 'new' && <AimBar aim={aim} talk={talk} onLeave={leaveAim} />}
      {tooLong && (
        <TooLong
          onAsFile={() => {
            setFiles([new File([text], 'text.txt', { type: 'text/plain' })]);
            setText('');
          }}
        />
      )}
      <ComposerLine
        name={talk.summary.value?.name ?? ''}
        text={text}
        onText={setText}
        ready={ready}
        onSend={send}
        field={field}
        changing={aim.kind === 'edit'}
        onPaste={(event) => {
          const pasted = [...(event.clipboardData?.files ?? [])];
          if (pasted.length === 0) return;
          event.preventDefault();
          setFiles(pasted);
        }}
        onKey={(event) => {
          if (event.key === 'Escape' && aim.kind !== 'new') {
            event.preventDefault();
            event.stopPropagation();
            leaveAim();
          } else if (event.key === 'ArrowUp' && text === '' && aim.kind === 'new') {
            event.preventDefault();
            editLast(talk);
          }
        }}
      >
        {aim.kind !== 'edit' && <AttachButton icon={Paperclip} onFiles={setFiles} />}
      </ComposerLine>
      {files.length > 0 && (
        <SendDialog
          talk={talk}
          files={files}
          onClose={() => {
            // files that were dropped meanwhile are not these
            setFiles((now) => (now === files ? [] : now));
            field.current?.focus();
          }}
        />
      )}
    </div>
  );
}

function editLast(talk: OpenTalk): void {
  const last = talk.window.lines
    .peek()
    .findLast((line) => line.kind === 'message' && line.fromMe && !line.deleted && line.text !== undefined);
  if (last?.kind === 'message') talk.setAim({ kind: 'edit', message: last });
}

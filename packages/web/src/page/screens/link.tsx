import { Camera as CameraIcon, Image } from 'lucide';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LinkView } from '../../engine/app-api.ts';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { Field } from '../parts/field.tsx';
import { ScreenHead } from '../parts/pieces.tsx';
import { Camera, hasCamera } from '../qr/camera.tsx';
import { readCodeOfFile } from '../qr/read-code.ts';
import { t, type PlainWordKey } from '../words/words.ts';
import { LinkOffer } from './link-offer.tsx';
import { FileButton } from './file-button.tsx';
import { useAnswer, useTask } from './task.ts';

interface Found {
  readonly text: string;
  readonly view: Exclude<LinkView, { readonly kind: 'none' }>;
}

/** A relay link or an invitation: pasted, scanned, or out of a picture. Says what it is, and does nothing before it is told to. */
export function LinkScreen({ text }: { readonly text?: string | undefined }): VNode {
  const { api } = useApp();
  const [typed, setTyped] = useState(text ?? '');
  const [found, setFound] = useState<Found | undefined>(undefined);
  const [trouble, setTrouble] = useState<PlainWordKey | undefined>(undefined);
  const [scanning, setScanning] = useState(false);
  const camera = useAnswer(hasCamera);
  const task = useTask();
  const field = useRef<HTMLInputElement>(null);
  const examine = async (link: string): Promise<void> => {
    setTyped(link);
    const view = await api.linkIn(link);
    if (view.kind !== 'none') return setFound({ text: link, view });
    setTrouble(view.because === 'too-long' ? 'link.tooLong' : 'link.malformed');
    field.current?.focus();
  };
  const take = (link: string): void => {
    setTrouble(undefined);
    if (link.trim() !== '') task.run(() => examine(link.trim()));
  };
  const readPicture = (file: File): void => {
    setTrouble(undefined);
    task.run(async () => {
      const code = await readCodeOfFile(file);
      if (code === undefined) setTrouble('link.noCode');
      else await examine(code.trim());
    });
  };
  useEffect(() => {
    if (text !== undefined) take(text);
  }, [text]);
  return (
    <div class="screen">
      <ScreenHead title={t('link.title')} />
      <div class="screen-body">
        <div class="screen-column">
          {found === undefined ? (
            <>
              <form
                class="lead"
                onSubmit={(event) => {
                  event.preventDefault();
                  take(typed);
                }}
              >
                <p>{t('link.what')}</p>
                <Field
                  label={t('link.field')}
                  value={typed}
                  onInput={(value) => {
                    setTyped(value);
                    setTrouble(undefined);
                  }}
                  inputRef={field}
                  placeholder="https://…#…"
                  error={errorOf(trouble, task.trouble)}
                />
                <Button kind="primary" type="submit" busy={task.busy}>
                  {t('link.look')}
                </Button>
              </form>
              {scanning ? (
                <Camera
                  onCode={(code) => {
                    setScanning(false);
                    take(code);
                  }}
                  onStop={() => setScanning(false)}
                />
              ) : (
                <div class="actions">
                  {camera.value === true && (
                    <Button icon={CameraIcon} onClick={() => setScanning(true)}>
                      {t('link.scan')}
                    </Button>
                  )}
                  <FileButton icon={Image} label={t('link.picture')} accept="image/*" onFile={readPicture} />
                </div>
              )}
            </>
          ) : (
            <LinkOffer text={found.text} view={found.view} onBack={() => setFound(undefined)} />
          )}
        </div>
      </div>
    </div>
  );
}

function errorOf(trouble: PlainWordKey | undefined, task: string | undefined): string | undefined {
  if (trouble !== undefined) return t(trouble);
  return task === undefined ? undefined : t('safety.failed');
}

import { ShieldCheck, TriangleAlert } from 'lucide';
import type { ContactView } from '@tern/core';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { Camera, hasCamera } from '../qr/camera.tsx';
import { QrCode } from '../qr/qr-code.tsx';
import { readCodeOfFile } from '../qr/read-code.ts';
import { t } from '../words/words.ts';
import { FileButton } from './file-button.tsx';
import { SafetyNumber } from './pieces.tsx';
import { useAnswer, useTask } from './task.ts';

/** The number is the same on both sides, so the two screens show the same code, and each may read the other's. */
const mark = 'tern-safety:';

type Outcome = 'same' | 'different' | 'no-code';

export interface CompareProps {
  readonly contact: ContactView;
  readonly onVerify: () => void;
  readonly onClose: () => void;
}

/** Two people side by side make sure that nobody stands between them. */
export function CompareDialog({ contact, onVerify, onClose }: CompareProps): VNode {
  const [scanning, setScanning] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | undefined>(undefined);
  const camera = useAnswer(hasCamera);
  const task = useTask();
  const { name, safetyNumber } = contact;
  const own = mark + safetyNumber.replaceAll(/\s/g, '');
  const take = (code: string): void => {
    setScanning(false);
    if (code.startsWith(mark)) setOutcome(code === own ? 'same' : 'different');
    else setOutcome('no-code');
  };
  const readPicture = (file: File): void => task.run(async () => take((await readCodeOfFile(file)) ?? ''));
  return (
    <Dialog title={t('contact.compareTitle', { name })} onClose={onClose}>
      <div class="compare">
        {outcome === 'same' && (
          <div class="outcome well" role="alert">
            <Icon node={ShieldCheck} />
            <p>{t('contact.same', { name })}</p>
            <Button kind="primary" onClick={onVerify} autofocus>
              {t('contact.verify')}
            </Button>
          </div>
        )}
        {outcome === 'different' && (
          <div class="outcome warning" role="alert">
            <Icon node={TriangleAlert} />
            <p>{t('contact.different', { name })}</p>
          </div>
        )}
        {outcome === 'no-code' && (
          <p class="note error" role="alert">
            {t('contact.noCode')}
          </p>
        )}
        {scanning ? (
          <Camera onCode={take} onStop={() => setScanning(false)} />
        ) : (
          outcome !== 'same' && (
            <>
              <p>{t('contact.compareHow', { name })}</p>
              <QrCode text={own} label={t('contact.qr')} />
              <SafetyNumber digits={safetyNumber} label={t('contact.safety')} />
              <div class="actions">
                {camera.value === true && (
                  <Button kind="primary" onClick={() => setScanning(true)}>
                    {t('contact.scan')}
                  </Button>
                )}
                <FileButton label={t('link.picture')} accept="image/*" onFile={readPicture} />
              </div>
            </>
          )
        )}
      </div>
    </Dialog>
  );
}

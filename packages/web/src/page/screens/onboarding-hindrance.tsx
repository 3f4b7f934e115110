import { Copy, HardDrive, TriangleAlert } from 'lucide';
import type { IconNode } from 'lucide';
import type { ComponentChildren, VNode } from 'preact';
import { Button } from '../parts/button.tsx';
import { EmptyState } from '../parts/pieces.tsx';
import { t, type PlainWordKey } from '../words/words.ts';

/** Why there is no app to show, once its code is here; before that the shell says it. Each has a next step. */
export type Hindrance =
  /** the browser keeps nothing for us: a private window, or it was told not to */
  | 'storage-refused'
  | 'storage-full'
  /** another tab runs the engine and does not answer, or is of another version */
  | 'taken-over'
  | 'crash';

interface Said {
  readonly icon: IconNode;
  readonly title: PlainWordKey;
  readonly what: PlainWordKey;
  readonly next: PlainWordKey;
}

const said: Readonly<Record<Hindrance, Said>> = {
  'storage-refused': {
    icon: HardDrive,
    title: 'hindrance.storage',
    what: 'hindrance.storageWhat',
    next: 'hindrance.storageNext',
  },
  'storage-full': {
    icon: HardDrive,
    title: 'hindrance.full',
    what: 'hindrance.fullWhat',
    next: 'hindrance.fullNext',
  },
  'taken-over': {
    icon: Copy,
    title: 'hindrance.taken',
    what: 'hindrance.takenWhat',
    next: 'hindrance.takenNext',
  },
  crash: {
    icon: TriangleAlert,
    title: 'hindrance.crash',
    what: 'hindrance.crashWhat',
    next: 'hindrance.crashNext',
  },
};

export interface HindranceProps {
  readonly kind: Hindrance;
  /** for a report, small: a code, never a content */
  readonly code?: string;
  readonly children?: ComponentChildren;
}

/** Says in words why the app cannot be shown, and what to do about it. */
export function HindranceScreen({ kind, code, children }: HindranceProps): VNode {
  const { icon, title, what, next } = said[kind];
  return (
    <main class="mishap">
      <h1 class="for-readers">Tern</h1>
      <EmptyState icon={icon} title={t(title)}>
        <p>{t(what)}</p>
        <p>{t(next)}</p>
        {children}
        <Button kind="primary" onClick={() => location.reload()}>
          {t('hindrance.again')}
        </Button>
        {code !== undefined && <code class="code-note">{code}</code>}
      </EmptyState>
    </main>
  );
}

/** Which of them a code of the engine means. */
export function hindranceOf(code: string): Hindrance {
  if (code === 'storage-full') return 'storage-full';
  if (code.startsWith('storage')) return 'storage-refused';
  return code === 'taken-over' ? 'taken-over' : 'crash';
}

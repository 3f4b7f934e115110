import { Check, Copy, Share2 } from 'lucide';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Button } from '../parts/button.tsx';
import { t } from '../words/words.ts';

const copiedForMs = 2000;

/** Puts a text on the clipboard and says so; where that is not allowed it says what to do instead. */
export function CopyButton(props: {
  readonly text: string;
  readonly label: string;
  readonly kind?: 'primary' | 'plain' | 'quiet';
}): VNode {
  const { announcer } = useApp();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), copiedForMs);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(props.text);
      setCopied(true);
      announcer.speak(t('common.copied'));
    } catch {
      announcer.show({ text: t('common.copyFailed') });
    }
  };
  return (
    <Button kind={props.kind ?? 'plain'} icon={copied ? Check : Copy} onClick={() => void copy()}>
      {copied ? t('common.copied') : props.label}
    </Button>
  );
}

/** Hands a text to another app, where the system can. */
export function ShareButton({
  text,
  title,
}: {
  readonly text: string;
  readonly title: string;
}): VNode | null {
  const { share } = globalThis.navigator as { readonly share?: Navigator['share'] };
  if (share === undefined) return null;
  return (
    <Button
      icon={Share2}
      onClick={() => {
        // taken back by the person, or not allowed: the link stays on the screen to be copied
        share.call(navigator, { title, text }).catch(() => undefined);
      }}
    >
      {t('common.share')}
    </Button>
  );
}

/** A link in full, to be marked and read; its end matters as much as its beginning. */
export function LinkText({ text, label }: { readonly text: string; readonly label: string }): VNode {
  return (
    <input
      class="link-text"
      readOnly
      dir="ltr"
      aria-label={label}
      value={text}
      onFocus={(event) => event.currentTarget.select()}
    />
  );
}

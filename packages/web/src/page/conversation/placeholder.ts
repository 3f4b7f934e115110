import type { FileView } from '@tern/core';
import { useEffect, useState } from 'preact/hooks';
import { standIn } from '../pictures.ts';

/** @returns the URL of what stands in a picture's place; undefined until it is made */
export function usePlaceholder(picture: NonNullable<FileView['picture']>): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    let made: string | undefined;
    let left = false;
    standIn(picture).then(
      (blob) => {
        if (blob === undefined || left) return;
        made = URL.createObjectURL(blob);
        setUrl(made);
      },
      // what is no picture leaves its place plain
      () => undefined,
    );
    return () => {
      left = true;
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [picture]);
  return url;
}

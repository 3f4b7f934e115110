import type { MessageView } from '@tern/core';
import type { MessageId } from '@tern/protocol';
import type { AppApi } from '../../engine/app-api.ts';

/** Hands a file to the browser's downloads, as bytes without a meaning: nothing received is ever opened by the page. */
export async function saveFile(api: AppApi, { id, file }: MessageView, signal: AbortSignal): Promise<void> {
  const [blob, { downloadName }] = await Promise.all([
    wholeFile(api, id, signal),
    import('../../media/download.ts'),
  ]);
  const url = URL.createObjectURL(blob);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = downloadName(file?.name ?? '');
  anchor.click();
  // the browser has taken hold of it by then
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** All of a file, once it is here; of no type, whatever its sender says. */
export async function wholeFile(api: AppApi, id: MessageId, signal: AbortSignal): Promise<Blob> {
  const { octetBlob } = await import('../../media/download.ts');
  const parts: Uint8Array[] = [];
  for await (const part of api.fileContent(id, { signal })) parts.push(part);
  return octetBlob(parts);
}

/** A name to be shown: without controls, and without marks that would let "gpj.exe" read as "exe.jpg". */
export function plainName(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').slice(0, 200) || 'file';
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PageFile } from './page-files.ts';

/** What every response of the app says it may do. It is all that the parts say: more would have no effect on them, and counts. */
export const partPolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  'img-src blob:',
  'media-src blob:',
  "connect-src 'self' https: wss:",
  "frame-ancestors 'none'",
].join('; ');

/** For pages and workers: nothing that was received can become a script, whatever is wrong elsewhere. */
export const documentPolicy: string = [
  partPolicy,
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types tern',
].join('; ');

/**
 * Answers with a file of the app, and ends the connection: on a network that cuts connections after some bytes each file gets one
 * of its own. Pieces come with at most 350 B of headers.
 */
export function answerWithFile(
  file: PageFile,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): void {
  const [encoding, body] = chosenForm(file, request.headers['accept-encoding'] ?? '');
  response.sendDate = false;
  const headers: Record<string, string | number> = {
    'Content-Type': file.type,
    'Content-Security-Policy': file.role === 'document' ? documentPolicy : partPolicy,
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  };
  if (file.role === 'document') {
    headers['Referrer-Policy'] = 'no-referrer';
    headers['Cross-Origin-Opener-Policy'] = 'same-origin';
  }
  if (file.encoded.size > 0) headers['Vary'] = 'Accept-Encoding';
  if (encoding !== undefined) headers['Content-Encoding'] = encoding;
  // a piece is kept by whoever asks for it; of the rest browsers look by themselves, which this keeps off the network
  if (file.type !== 'application/octet-stream')
    headers['Cache-Control'] = file.immutable ? 'max-age=31536000, immutable' : 'no-cache';
  if (!file.immutable) headers['ETag'] = file.etag;
  if (!file.immutable && request.headers['if-none-match'] === file.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, { ...headers, 'Content-Length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** The smallest form that the browser takes. */
function chosenForm(file: PageFile, accepted: string): readonly ['br' | 'gzip' | undefined, Uint8Array] {
  const taken = new Set(
    accepted
      .split(',')
      .map((part) => part.trim().toLowerCase())
      .filter((part) => !/;\s*q=0(?:\.0*)?$/u.test(part))
      .map((part) => part.split(';')[0]?.trim()),
  );
  for (const encoding of ['br', 'gzip'] as const) {
    const form = file.encoded.get(encoding);
    if (form !== undefined && taken.has(encoding)) return [encoding, form];
  }
  return [undefined, file.bytes];
}

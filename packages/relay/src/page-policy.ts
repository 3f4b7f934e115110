import { createHash } from 'node:crypto';

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
 * For a page that brings its first script and style in itself: exactly these may run, by their hashes (CSP Level 3 section 6.7.3.3);
 * whatever else stood inside would not.
 */
export function pagePolicy(html: string): string {
  const hashes: Record<string, string> = { script: '', style: '' };
  for (const [, tag = '', content = ''] of html.matchAll(/<(script|style)\b[^>]*>([^]*?)<\/\1>/gu))
    if (content !== '') hashes[tag] += ` 'sha256-${createHash('sha256').update(content).digest('base64')}'`;
  return documentPolicy.replaceAll(/(script|style)-src 'self'/gu, (own, tag: string) => own + hashes[tag]);
}

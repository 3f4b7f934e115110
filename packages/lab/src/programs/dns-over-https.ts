/** A resolver over HTTPS, by POST and by GET (RFC 8484 section 4.1). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Names } from '../engine/names.ts';

const place = '/dns-query';
const mediaType = 'application/dns-message';

export function isDnsOverHttps({ url = '' }: Pick<IncomingMessage, 'url'>): boolean {
  return url === place || url.startsWith(`${place}?`);
}

/** What is no question gets the status of RFC 8484 section 4.2.1: 400, 405 or 415. */
export async function answerDnsOverHttps(
  names: Names,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refuse = (status: number): void => void response.writeHead(status).end();
  const { method, headers, url } = request;
  if (method !== 'GET' && method !== 'POST') {
    refuse(405);
    return;
  }
  if (method === 'POST' && headers['content-type'] !== mediaType) {
    refuse(415);
    return;
  }
  try {
    const answer = names.answer(method === 'POST' ? await buffer(request) : questionIn(url));
    if (answer === undefined) refuse(400);
    else response.writeHead(200, { 'content-type': mediaType, 'content-length': answer.length }).end(answer);
  } catch {
    response.destroy(); // whoever asked is gone
  }
}

function questionIn(url = ''): Buffer {
  return Buffer.from(new URL(url, 'https://resolver.invalid').searchParams.get('dns') ?? '', 'base64url');
}

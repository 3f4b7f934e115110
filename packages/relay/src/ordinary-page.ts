import type { ServerResponse } from 'node:http';

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Welcome</title></head>
<body><h1>It works</h1><p>This server is up. There is nothing to see here yet.</p></body>
</html>
`;

const missing = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>404 Not Found</title></head>
<body><h1>404 Not Found</h1></body>
</html>
`;

const html = 'text/html; charset=utf-8';

/**
 * What anybody gets at `/` (rule 4): an operator's ordinary page.
 * @param method of the request; anything but reading is not allowed there
 */
export function answerWithPage(response: ServerResponse, method: string): void {
  if (method === 'GET' || method === 'HEAD') {
    send(response, { status: 200, body: page, method });
  } else {
    response.setHeader('Allow', 'GET, HEAD');
    send(response, { status: 405, body: '', method });
  }
}

/** What every missing path answers, whatever the method, byte for byte: also a right path to whoever does not know how to use it. */
export function answerMissing(response: ServerResponse, method: string): void {
  send(response, { status: 404, body: missing, method });
}

function send(
  response: ServerResponse,
  answer: { readonly status: number; readonly body: string; readonly method: string },
): void {
  response.writeHead(answer.status, {
    'Content-Type': html,
    'Content-Length': Buffer.byteLength(answer.body),
  });
  response.end(answer.method === 'HEAD' ? undefined : answer.body);
}

/** `get-in-host.ts URL SILENCE_MS`: fetches it and prints what came as JSON; gives up when nothing comes for so long. */
import { createHash } from 'node:crypto';
import { get } from 'node:http';

const [url = '', silence = ''] = process.argv.slice(2);
const beganAt = performance.now();
const hash = createHash('sha256');
let bytes = 0;
const end = await new Promise<string>((settle) => {
  const request = get(url, { agent: false }, (response) => {
    response.on('data', (piece: Buffer) => {
      patience.refresh();
      hash.update(piece);
      bytes += piece.length;
    });
    response.on('end', () => settle('whole'));
    response.on('error', () => settle('cut'));
  });
  const patience = setTimeout(() => {
    settle('silence');
    request.destroy();
  }, Number(silence));
  request.on('close', () => clearTimeout(patience));
  request.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
});
console.log(JSON.stringify({ end, bytes, sha256: hash.digest('hex'), ms: performance.now() - beganAt }));

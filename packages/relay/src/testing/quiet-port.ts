import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below those that systems give by themselves: Linux from 32,768 on, others from 49,152. */
const lowest = 12_000;
const highest = 31_000;
const attempts = 100;

/**
 * A port of this machine on which nobody listens, and which the system gives to nobody who connects or asks for any port. So a relay
 * that was killed finds it free when it comes back, and where nobody is to answer nobody comes to.
 */
export async function quietPort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** A server for the engine's tests: HTTP on port 80, GET /N answers with N bytes; UDP on port 9000, which sends everything back. Says `up`. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';

const http = createServer((request, response) => {
  response.end(Buffer.alloc(Number((request.url ?? '').slice(1)), 'tern'));
});
http.listen(80);
const datagrams = createSocket('udp4');
datagrams.on('message', (message, from) => datagrams.send(message, from.port, from.address));
datagrams.bind(9000);
await Promise.all([once(http, 'listening'), once(datagrams, 'listening')]);
console.log('up');

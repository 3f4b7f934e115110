/** `ask-in-host.ts ADDRESS COUNT SIZE`: sends datagrams to port 9000 one after another, each when the last was answered, and prints how long each took. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const [address = '', count = '', size = ''] = process.argv.slice(2);
const socket = createSocket('udp4');
const times: number[] = [];
for (let left = Number(count); left > 0; left -= 1) {
  const sentAt = performance.now();
  socket.send(Buffer.alloc(Number(size)), 9000, address);
  await once(socket, 'message');
  times.push(performance.now() - sentAt);
}
socket.close();
console.log(JSON.stringify(times));

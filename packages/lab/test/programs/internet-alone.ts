/** An internet of its own with processes in it, one of which has cut itself loose; says in which namespaces, and waits to be killed. */
import { readlinkSync } from 'node:fs';

import { openInternet } from '@tern/lab';

const hosts = ['one', 'two'].map((name, index) => ({ name, addresses: [`192.0.2.${index + 1}`] }));
const internet = await openInternet({ hosts, inside: [], seed: 1 });
for (const { name } of hosts) {
  const inner = ['sh', '-c', 'setsid sleep 1000 & exec sleep 1000'];
  internet.spawn(name, inner, { stdio: ['pipe', 'ignore', 'inherit'] });
}
const namespaces = hosts.map(({ name }) => readlinkSync(`/proc/${internet.pidOf(name)}/ns/net`));
console.log(JSON.stringify(namespaces));

import type { Hint, RelayId } from '@tern/protocol';
import type { Way } from '../src/dialer/way.ts';

export const hint: Hint = {
  relay: 'one' as RelayId,
  address: 'one.example',
  port: 443,
  tls: true,
  path: 'p',
};

/** The plain way to it. */
export const way: Way = {
  carrier: 'https',
  by: 'system',
  host: 'one.example',
  port: 443,
  tls: true,
  serverName: 'one.example',
  hint,
  names: ['one.example'],
};

/** How the connection stands, in a few words, on every screen. */
export const statusEn = {
  'status.label': 'Connection',
  'status.via': 'via {relay} · {transport}',
  'status.viaPlain': 'via {relay}',
  'status.connecting': 'Connecting…',
  'status.offline': 'Offline',
  'status.offlineWaiting': { one: 'Offline, {count} waiting', other: 'Offline, {count} waiting' },
  'status.tryingIn': 'Trying again in {wait}',
  'status.noRelay': 'No relay yet',
  'status.bannerOffline': 'You are offline. Read and write as usual: everything leaves by itself later.',
  'status.bannerStuck': 'Nothing gets through just now. Your messages are safe here and leave by themselves.',
  'status.why': 'Why?',
  'status.updateReady': 'A new version is ready',
  'status.updateNow': 'Use it now',
} as const;

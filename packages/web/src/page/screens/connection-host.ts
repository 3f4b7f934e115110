/** `relay-7.example:8080` of `https://relay-7.example:8080` */
export function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : origin;
}

/** `relay-7.example` of `https://relay-7.example:8080`, where there is little room. */
export function nameOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).hostname : origin;
}

const transports: Readonly<Record<string, string>> = { https: 'HTTPS', websocket: 'WebSocket' };

/** These are names, the same in every language. */
export function transportName(transport: string): string {
  return transports[transport] ?? transport;
}

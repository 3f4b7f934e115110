/** How a filter tells DNS, HTTP and TLS by the first bytes alone. FOCI 2020 section 4.3: HTTP needs eight bytes and a verb, TLS five. */

const verbs = ['GET ', 'POST ', 'HEAD ', 'PUT ', 'DELETE ', 'OPTIONS ', 'CONNECT '];
const shortestHttpBytes = 8;
const shortestTlsBytes = 5;
/** A length of two bytes and a header of twelve (RFC 1035 section 4.2.2). */
const shortestDnsBytes = 14;

export function looksPermitted(beginning: Uint8Array): boolean {
  return looksLikeTls(beginning) || looksLikeHttp(beginning) || looksLikeDns(beginning);
}

export function looksLikeTls(beginning: Uint8Array): boolean {
  const [type = 0, major = 0, minor = 255] = beginning;
  return beginning.length >= shortestTlsBytes && type >= 0x14 && type <= 0x17 && major === 3 && minor <= 9;
}

export function looksLikeHttp(beginning: Uint8Array): boolean {
  if (beginning.length < shortestHttpBytes) return false;
  const text = String.fromCharCode(...beginning.subarray(0, shortestHttpBytes));
  return verbs.some((verb) => text.startsWith(verb.slice(0, shortestHttpBytes)));
}

/** A question over TCP: its own length first, then a header that asks one thing. */
function looksLikeDns(beginning: Uint8Array): boolean {
  if (beginning.length < shortestDnsBytes) return false;
  const isQuestion = ((beginning[4] ?? 0xff) & 0xf8) === 0;
  const asksOne = beginning[6] === 0 && beginning[7] === 1;
  const answersNothing = beginning[8] === 0 && beginning[9] === 0;
  return isQuestion && asksOne && answersNothing;
}

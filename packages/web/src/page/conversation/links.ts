/** A piece of a text, and where it leads if it is a link. */
export interface TextPart {
  readonly text: string;
  readonly href?: string;
}

/** Ends at whitespace, quotes, controls and marks that turn the direction of text or take no room: those only disguise. */
const pattern = /\bhttps?:\/\/[^\s<>"\p{C}]+/giu;
const longestLink = 2000;

/**
 * Finds http and https links. A host in other letters is shown as it is really asked for (punycode), and a link that carries a
 * user's name, which looks like a host, is none.
 * @param most further links stay text
 */
export function linked(text: string, most: number): readonly TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  let found = 0;
  for (const match of text.matchAll(pattern)) {
    if (found === most) break;
    const typed = withoutTail(match[0]);
    const url = typed.length > longestLink ? undefined : safeUrl(typed);
    if (url === undefined) continue;
    found += 1;
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    // at its beginning: further on the same host can stand in a path
    const asTyped = typed.toLowerCase().startsWith(`${url.protocol}//${url.host}`);
    parts.push({ text: asTyped ? typed : url.href, href: url.href });
    from = match.index + typed.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

function safeUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && url.username === '' && url.password === '' ? url : undefined;
}

/** Marks at the end belong to the sentence, and a closing bracket too that the link did not open. */
function withoutTail(link: string): string {
  let end = link.length;
  while (end > 0) {
    const char = link.charAt(end - 1);
    const opened = char === ')' && link.slice(0, end - 1).includes('(');
    if (opened || !/[.,;:!?'\u2019\u201d\u00bb)\]}]/u.test(char)) break;
    end -= 1;
  }
  return link.slice(0, end);
}

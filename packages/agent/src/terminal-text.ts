/**
 * Text of others, made safe for a terminal: nothing in it moves the cursor, changes colours or titles, turns the reading
 * direction around, or hides. What would, is shown as `\u{202E}`.
 */

/** Everything that is not seen as what it is: controls, direction marks, blanks without width, tags, line and paragraph marks, loose surrogates. */
const invisible = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;

/** Joiners between letters that need them (Persian, the scripts of India) or between emoji, and the emoji form after a picture. */
const meant =
  /(?<=[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}])[\u200c\u200d](?=[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}])|(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?)\u200d(?=\p{Extended_Pictographic})|(?<=[\p{Extended_Pictographic}0-9#*])\ufe0f/gu;

/** One line, whatever was in it. */
export function safeLine(text: string): string {
  const kept = new Set(Array.from(text.matchAll(meant), (match) => match.index));
  return text.replaceAll(invisible, (character, at: number) =>
    kept.has(at) ? character : escaped(character),
  );
}

/** A template whose every inserted piece stays on its line: for what is put together from our words and others'. */
export function line(words: TemplateStringsArray, ...pieces: readonly (string | number)[]): string {
  return words.map((word, at) => `${word}${safeLine(String(pieces[at] ?? ''))}`).join('');
}

/** Lines of our own making in which every piece of others went through {@link line}; the last look before the terminal. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeLine).join('\n');
}

const indent = '    ';

/**
 * A message's text: its line breaks stay, but every line begins further right than anything of ours does, so no text can
 * look like the head of another message. Lines are broken here where the terminal would break them itself.
 */
export function safeBlock(text: string, columns?: number): string {
  const room = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(20, columns - indent.length - 1);
  return text
    .split(/\r\n|\n/u)
    .flatMap((one) => broken(safeLine(one.replaceAll('\t', '    ')), room))
    .map((one) => `${indent}${one}`)
    .join('\n');
}

function broken(text: string, room: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  let width = 0;
  for (const character of text) {
    const wide = (character.codePointAt(0) ?? 0) < firstWide ? 1 : 2;
    if (width + wide > room) {
      lines.push(current);
      current = '';
      width = 0;
    }
    current += character;
    width += wide;
  }
  return [...lines, current];
}

/** From here on a character may take two columns; taking two for one breaks a line early, which harms nothing. */
const firstWide = 0x1100;

/** JSON of one line in which a terminal finds nothing to obey either; it reads back as the same value. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(invisible, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

function escaped(character: string): string {
  const point = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `\\u{${point}}`;
}

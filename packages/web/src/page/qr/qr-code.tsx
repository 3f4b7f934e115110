import { encodeQR } from 'qr';
import { useMemo } from 'preact/hooks';
import type { VNode } from 'preact';

/** Light modules around the symbol, without which many readers do not find it (ISO/IEC 18004, section 5.3.8). */
const quietZone = 4;

/** A QR code, dark on light in every theme, because readers expect it so. Nothing where the text is too long for one. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }): VNode | null {
  const drawing = useMemo(() => draw(text), [text]);
  if (drawing === undefined) return null;
  return (
    <svg class="qr" viewBox={`0 0 ${drawing.width} ${drawing.width}`} role="img" aria-label={label}>
      <rect width={drawing.width} height={drawing.width} fill="#fff" />
      <path d={drawing.path} fill="#000" shape-rendering="crispEdges" />
    </svg>
  );
}

interface Drawing {
  /** modules along one side, the quiet zone included */
  readonly width: number;
  readonly path: string;
}

/** @returns undefined for more than a QR code holds (2,953 bytes) */
function draw(text: string): Drawing | undefined {
  const rows = modulesOf(text);
  if (rows === undefined) return undefined;
  let path = '';
  for (const [y, row] of rows.entries())
    for (let x = 0; x < row.length; x++) {
      if (row[x] !== true) continue;
      const from = x;
      while (row[x + 1] === true) x++;
      path += `M${from} ${y}h${x + 1 - from}v1h${from - x - 1}z`;
    }
  return { width: rows.length, path };
}

function modulesOf(text: string): readonly (readonly boolean[])[] | undefined {
  try {
    // a screen is neither torn nor dirty: the lowest correction has the largest modules
    return encodeQR(text, 'raw', { ecc: 'low', border: quietZone });
  } catch {
    return undefined;
  }
}

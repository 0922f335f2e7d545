import { createRequire } from 'node:module';
import type { RawImage } from '../../../ports.ts';
import { loadSharp, toRaw } from './sharp.ts';

/** Longest text that is drawn, in characters; a card of more is unreadable anyway. */
const MAX_CHARACTERS = 1200;

export interface TextStyle {
  /** Font size in pixels. */
  size: number;
  /** `#rrggbb` */
  colour: string;
  bold?: boolean;
  /** Wraps at this many pixels. */
  width?: number;
  /** Makes the picture as high as the tallest letter, so that the lines of a row sit on one base line. */
  strut?: boolean;
}

/** Foreign text made fit to draw: one line, no control or direction characters, no broken surrogates. */
function printable(text: string, maxCharacters = MAX_CHARACTERS): string {
  const clean = text
    .slice(0, maxCharacters * 4)
    .replace(/[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return shorten(clean, maxCharacters);
}

/** Cuts to whole characters as people see them, with an ellipsis. */
export function shorten(text: string, maxCharacters: number): string {
  const parts = characters(text);
  if (parts.length <= maxCharacters) return text;
  const kept = parts.slice(0, Math.max(1, maxCharacters - 1)).join('');
  return `${kept.trimEnd()}…`;
}

function characters(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), (part) => part.segment);
}

function fontFile(bold: boolean): string {
  return createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/DejaVuSans${bold ? '-Bold' : ''}.ttf`);
}

/**
 * Draws text with the packaged DejaVu Sans; characters that it lacks come from the system's fonts or show as boxes.
 * 4 channels, as large as the ink needs; `undefined` where there is nothing to draw.
 */
async function drawText(text: string, style: TextStyle): Promise<RawImage | undefined> {
  const shown = printable(text);
  if (!shown) return undefined;
  const escaped = shown.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const sharp = await loadSharp();
  const picture = sharp({
    text: {
      text: `${style.strut ? '<span alpha="1">|</span>' : ''}<span foreground="${style.colour}">${escaped}</span>`,
      font: `DejaVu Sans${style.bold ? ' Bold' : ''} ${Math.max(1, Math.round(style.size))}`,
      fontfile: fontFile(style.bold ?? false),
      dpi: 72, // so that the font size is in pixels
      rgba: true,
      ...(style.width ? { width: Math.max(1, Math.round(style.width)), wrap: 'word-char' as const, spacing: Math.round(style.size * 0.15) } : {}),
    },
  });
  return toRaw(picture).catch((error: Error) => {
    if (/no text to render|text/.test(error.message)) return undefined;
    throw error;
  });
}

/** One line of at most `maxWidth` pixels, shortened with an ellipsis where it is longer. */
export async function drawLine(text: string, style: TextStyle, maxWidth: number): Promise<RawImage | undefined> {
  // No letter of a proportional font is much narrower than a fifth of its size.
  let shown = printable(text, Math.ceil(maxWidth / (style.size * 0.2)));
  for (;;) {
    const line = await drawText(shown, style);
    if (!line || line.width <= maxWidth) return line;
    const length = characters(shown).length;
    if (length <= 2) return undefined;
    shown = shorten(shown.replace(/…$/, ''), Math.max(1, Math.min(length - 2, Math.floor((length * maxWidth) / line.width))));
  }
}

/** The largest of a falling row of sizes at which the wrapped text is at most `maxHeight` high; at the smallest size the text is shortened until it fits. */
export async function drawFitted(text: string, style: TextStyle & { width: number; minSize: number }, maxHeight: number): Promise<RawImage | undefined> {
  let shown = printable(text);
  let size = style.size;
  for (;;) {
    const block = await drawText(shown, { ...style, size });
    if (!block || (block.height <= maxHeight && block.width <= style.width)) return block;
    if (size > style.minSize) size = Math.max(style.minSize, size * Math.max(0.7, Math.min(0.92, Math.sqrt(maxHeight / block.height))));
    else {
      const length = characters(shown).length;
      if (length <= 4) return undefined;
      shown = shorten(shown.replace(/…$/, ''), Math.floor(length * 0.7));
    }
  }
}

/** How wide a text is on a terminal, and how it is cut. */
import { stripVTControlCharacters } from "node:util";

/** Made when a text needs it: most do not, and it loads tables. */
let segmenter: Intl.Segmenter | undefined;
/** Two columns each: the scripts of East Asia and what is drawn as a picture. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}])/u;

function charactersOf(text: string): string[] {
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

const widthOfCharacter = (character: string): number => (WIDE.test(character) ? 2 : 1);

export function widthOf(text: string): number {
  const plain = stripVTControlCharacters(text);
  // most text by far
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  return charactersOf(plain).reduce((sum, character) => sum + widthOfCharacter(character), 0);
}

/** @param text without colours. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let rest = width - 1;
  let kept = "";
  for (const character of charactersOf(text)) {
    rest -= widthOfCharacter(character);
    if (rest < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;

/** The same of several lines, which stay lines. */
export const safeLines = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .replace(DIRECTIONS, "");

/**
 * What others have written, for a terminal: one line, and nothing that would colour, move or hide
 * other text.
 */
export const oneLine = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(DIRECTIONS, "")
    .trim();

const DEFAULT_COLUMNS = 80;

/** Columns to fill, whatever a terminal says; where there is none, undefined. */
export const terminalWidth = (sink: {
  readonly isTTY?: boolean;
  readonly columns?: number;
}): number | undefined =>
  sink.isTTY === true ? Math.max(20, sink.columns || DEFAULT_COLUMNS) : undefined;

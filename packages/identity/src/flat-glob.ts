/**
 * Globs over names without segments, such as callers': `*` stands for any characters. No regular expressions: names
 * come from clients, and a glob such as `*a*a*a*b` as one of those takes time that grows with a power of the name's length.
 */

/** Characters around the stars; a single piece is the name itself. */
export type Pieces = readonly [first: string, ...others: string[]];

export const piecesOf = (text: string): Pieces => text.split("*") as [string, ...string[]];

export function compileFlatGlob(text: string): (name: string) => boolean {
  const pieces = piecesOf(text);
  return (name) => matchesPieces(pieces, name);
}

/** Each piece between two stars is taken where it comes first; that leaves most to the others. */
export function matchesPieces(pieces: Pieces, text: string): boolean {
  const last = pieces.length - 1;
  const first = pieces[0];
  if (last === 0) return text === first;
  const end = pieces[last] ?? "";
  if (text.length < first.length + end.length) return false;
  if (!text.startsWith(first) || !text.endsWith(end)) return false;
  let from = first.length;
  for (let index = 1; index < last; index++) {
    const piece = pieces[index] ?? "";
    const found = text.indexOf(piece, from);
    if (found < 0) return false;
    from = found + piece.length;
  }
  return from + end.length <= text.length;
}

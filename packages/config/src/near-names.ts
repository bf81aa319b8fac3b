/** Variables that are no setting, and almost are: whoever set them meant something. */
import type * as z from "zod";
import type { Environment } from "./settings.ts";

/** A word that is shorter than this is another word, not a slip: S3 is not STS. */
const SHORT_WORD = 4;
/** So many letters may be wrong, missing or too many; of a short name one. */
const MOST_EDITS = 2;
const SHORT_LENGTH = 8;

/** @returns each of them with the setting whose name it nearly has. */
export function nearNames(schema: z.ZodObject, env: Environment): { name: string; near: string }[] {
  const known = Object.keys(schema.shape);
  return Object.keys(env).flatMap((name) => {
    if (known.includes(name)) return [];
    const most = name.length < SHORT_LENGTH ? 1 : MOST_EDITS;
    const near = known.find(
      (other) => edits(name, other, most) <= most && !isAnotherWord(name, other),
    );
    return near === undefined ? [] : [{ name, near }];
  });
}

function isAnotherWord(one: string, other: string): boolean {
  const [words, others] = [one.split("_"), other.split("_")];
  if (words.length !== others.length) return false;
  return words.some((word, at) => {
    const own = others[at] ?? "";
    return word !== own && Math.max(word.length, own.length) < SHORT_WORD;
  });
}

/** The Levenshtein distance; beyond `most` only that it is more. */
function edits(one: string, other: string, most: number): number {
  if (Math.abs(one.length - other.length) > most) return most + 1;
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...one].entries()) {
    let [corner = 0] = row;
    const next = [at + 1];
    for (const [column, otherLetter] of [...other].entries()) {
      const above = row[column + 1] ?? 0;
      const same = corner + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(above + 1, (next[column] ?? 0) + 1, same));
      corner = above;
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

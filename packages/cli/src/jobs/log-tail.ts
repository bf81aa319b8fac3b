/** What of a log is new, when its beginning may have been dropped meanwhile. */

/** So much of the end of what was seen is looked for. */
const MARK = 4096;

/**
 * @param before what was seen last time: the log up to then, or its end.
 * @param now the log, or as much of its end as is kept.
 */
export function newIn(before: string, now: string): string {
  if (now.startsWith(before)) return now.slice(before.length);
  const mark = before.slice(-MARK);
  const at = now.lastIndexOf(mark);
  if (mark !== "" && at >= 0) return now.slice(at + mark.length);
  // less is left than was seen: the longest end of the old one that the new one begins with
  for (let length = Math.min(mark.length, now.length); length > 0; length--) {
    if (now.startsWith(mark.slice(-length))) return now.slice(length);
  }
  return now;
}

/** @param count undefined: all of them. */
export function lastLines(text: string, count: string | undefined): string {
  if (count === undefined) return text;
  const lines = text.split(/(?<=\n)/);
  return Number(count) === 0 ? "" : lines.slice(-Number(count)).join("");
}

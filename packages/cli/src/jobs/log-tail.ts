/** What of a log is new, when its beginning may have been dropped meanwhile. */

export interface Seen {
  /** What was seen: the log up to then, or its end. */
  readonly text: string;
  /** Whether that is the log from its beginning. */
  readonly isWhole: boolean;
}

/** So much of the end of what was seen is looked for. */
export const MARK = 4096;

/**
 * @param before what was seen last time: the log up to then, or its end.
 * @param now the log, or as much of its end as is kept.
 */
export function newIn(before: string, now: string): string {
  return now.startsWith(before) ? now.slice(before.length) : newBehind(before, now);
}

/** The same where it is known that what was seen is not the log from its beginning. */
export function newBehind(before: string, now: string): string {
  const mark = before.slice(-MARK);
  const at = now.lastIndexOf(mark);
  if (mark !== "" && at >= 0) return now.slice(at + mark.length);
  // what is kept at a job's end may lack its last words
  if (before.includes(now.slice(-MARK))) return "";
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

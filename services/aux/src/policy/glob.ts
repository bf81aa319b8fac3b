/**
 * Globs over names that slashes divide into segments: `*` stands for any characters of one segment,
 * a segment `**` for any number of whole segments, at the end for one at least.
 *
 * No regular expressions: names come from clients, and a glob such as `*a*a*a*b` as one of those
 * takes time that grows with a power of the name's length. Here each wildcard goes back at most to
 * the one before it.
 */
import { matchesPieces, type Pieces, piecesOf } from "@airlock/identity";

export interface Glob {
  readonly text: string;
  /** What each matching name begins with: all before the first star. */
  readonly stem: string;
  matches(name: string): boolean;
  /** Whether some name that begins with `prefix` matches. */
  couldMatchBelow(prefix: string): boolean;
  /** Whether some name of one segment more than `prefix`, which ends in a slash or is empty, matches. */
  couldMatchChild(prefix: string): boolean;
  /** Whether every name that begins with `prefix` matches. */
  coversBelow(prefix: string): boolean;
}

/** Characters around the stars of one segment; a single piece is the segment itself. */
type Segment = Pieces;
/** Undefined stands for any number of segments, none included. */
type Pattern = readonly (Segment | undefined)[];

const ANY_SEGMENT: Segment = ["", ""];

/** What is wrong with a glob, or undefined. */
export function globFault(text: string): string | undefined {
  if (text === "") return "must not be empty";
  const isMixed = text.split("/").some((part) => part !== "**" && part.includes("**"));
  return isMixed ? "** must be a whole segment, as in a/**" : undefined;
}

/** @param text a glob without faults. */
export function compileGlob(text: string): Glob {
  const parts = text.split("/");
  const open = openEndOf(parts);
  const head = parts.slice(0, open?.start).map(segmentOf);
  const pattern = open ? [...head, undefined, ...Array(open.atLeast).fill(ANY_SEGMENT)] : head;
  return {
    text,
    stem: text.split("*", 1)[0] ?? "",
    matches: matcherOf(text, pattern),
    couldMatchBelow(prefix) {
      const whole = prefix.split("/");
      const begun = whole.pop() ?? "";
      for (const [index, segment] of whole.entries()) {
        const part = pattern[index];
        if (part === undefined) return index < pattern.length;
        if (!matchesSegment(part, segment)) return false;
      }
      const part = pattern[whole.length];
      if (part === undefined) return whole.length < pattern.length;
      return couldBegin(part, begun);
    },
    couldMatchChild: (prefix) =>
      matchesSegments(pattern, [...prefix.split("/").slice(0, -1), undefined]),
    coversBelow(prefix) {
      if (!open) return false;
      const whole = prefix.split("/").slice(0, -1);
      // the shortest name has one segment more, and those that the open end needs come last
      for (let count = 0; count <= whole.length + 1 - open.atLeast; count++) {
        if (matchesSegments(head, whole.slice(0, count))) return true;
      }
      return false;
    },
  };
}

/** Where a glob ends in `**` or in `**` and stars alone, and how many segments stand there at least. */
function openEndOf(parts: readonly string[]): { start: number; atLeast: number } | undefined {
  const start = parts.findLastIndex((part) => part !== "*");
  if (parts[start] !== "**") return undefined;
  return { start, atLeast: Math.max(1, parts.length - 1 - start) };
}

function segmentOf(part: string): Segment | undefined {
  return part === "**" ? undefined : piecesOf(part);
}

/** The two common forms, a name as it is and all below one, need no division into segments. */
function matcherOf(text: string, pattern: Pattern): (name: string) => boolean {
  if (!text.includes("*")) return (name) => name === text;
  const stem = text.endsWith("**") ? text.slice(0, -2) : "*";
  if (!stem.includes("*")) return (name) => name.startsWith(stem);
  const fixed = text.slice(0, text.indexOf("*"));
  const start = fixed.slice(0, fixed.lastIndexOf("/") + 1);
  return (name) => name.startsWith(start) && matchesSegments(pattern, segmentsOf(name));
}

let last = { name: "", segments: [""] as readonly string[] };

/** One name meets all globs of a policy before the next one comes, and is divided once. */
function segmentsOf(name: string): readonly string[] {
  if (last.name !== name) last = { name, segments: name.split("/") };
  return last.segments;
}

/** Whether all segments match, each `**` taking as few as will do; undefined is one that suits any. */
function matchesSegments(pattern: Pattern, segments: readonly (string | undefined)[]): boolean {
  let at = 0;
  let resumeAt = -1;
  let resumeFrom = 0;
  for (let next = 0; next < segments.length; ) {
    const part = pattern[at];
    if (at < pattern.length && part === undefined) {
      resumeAt = ++at;
      resumeFrom = next;
    } else if (part !== undefined && matchesSegment(part, segments[next])) {
      at++;
      next++;
    } else if (resumeAt >= 0) {
      at = resumeAt;
      next = ++resumeFrom;
    } else return false;
  }
  while (at < pattern.length && pattern[at] === undefined) at++;
  return at === pattern.length;
}

const matchesSegment = (segment: Segment, text: string | undefined): boolean =>
  text === undefined || matchesPieces(segment, text);

/** Whether some text that begins so matches: a star takes whatever the beginning still holds. */
function couldBegin(segment: Segment, begun: string): boolean {
  const [first, ...others] = segment;
  return first.startsWith(begun) || (others.length > 0 && begun.startsWith(first));
}

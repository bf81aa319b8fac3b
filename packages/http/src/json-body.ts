/** Bodies of JSON; of a broken one it is told where it breaks, and nothing of what it holds. */
import { isUtf8 } from "node:buffer";
import { ProblemError } from "@airlock/contract";
import type { App } from "./app-type.ts";

export function registerJsonBodies(app: App): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    // what is no UTF-8 would become other characters than were meant
    if (!isUtf8(body as Buffer)) {
      return done(new ProblemError("bad_request", "The body is not UTF-8, as JSON is."), undefined);
    }
    const text = String(body);
    void parse(request, text, (error, value) => {
      if (error) done(new ProblemError("bad_request", whatIsWrong(text)), undefined);
      else done(null, value);
    });
  });
}

export function whatIsWrong(text: string): string {
  if (text.trim() === "") return "The body is empty; JSON is needed here.";
  const at = breakIn(text);
  if (at === undefined)
    return "The body has a member __proto__ or constructor, which may not be there.";
  if (at === text.length) return "The body is no JSON: it ends too soon.";
  const before = text.slice(0, at).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `The body is no JSON: it breaks at line ${before.length}, column ${column}.`;
}

/**
 * V8 tells a place for some faults only, so it is searched for: the longest beginning that could still
 * become JSON. @returns undefined for what is JSON.
 */
function breakIn(text: string): number | undefined {
  if (!isBroken(text) && isWhole(text)) return undefined;
  let good = 0;
  let broken = text.length + 1;
  while (broken - good > 1) {
    const middle = (good + broken) >> 1;
    if (middle <= text.length && !isBroken(text.slice(0, middle))) good = middle;
    else broken = middle;
  }
  return good;
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whatever follows it, it is no JSON. */
function isBroken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    const { message } = error as SyntaxError;
    if (/end of JSON input|Unterminated string/.test(message)) return false;
    const [, position] = /at position (\d+)/.exec(message) ?? [];
    return position === undefined || Number(position) < text.length;
  }
}

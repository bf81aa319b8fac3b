/** The stream of a log, taken up behind what was seen of it already. */
import type { Api } from "../api/api.ts";
import { ApiError } from "../api/problem.ts";
import { UnreachableError } from "../api/transport.ts";
import type { Context } from "../context.ts";
import { MARK, type Seen } from "./log-tail.ts";

export interface LogQuery {
  readonly tail: string | undefined;
  readonly since: string | undefined;
}

export interface Streamed extends Seen {
  /** `broken`: it may go on; `over`: there is no more of it; `refused`: there is no such stream. */
  readonly ending: "over" | "broken" | "refused";
}

/** So many lines hold the end of what was seen, unless very much is written in a moment. */
const LINES = 500;
/** So much of the end is kept. */
export const LARGE_BYTES = 900_000;

/** Whether a log that is asked for again begins with the same line; `10m` is another time by then. */
export const hasFixedStart = (since: string | undefined): boolean =>
  since === undefined || !/^\d+[smh]$/.test(since);

/**
 * Prints the log as it comes. What is refused or breaks off is no error here: who reads it afterwards
 * is told why.
 *
 * @param seen undefined: nothing was asked for yet.
 */
export async function streamLog(
  path: string,
  { tail, since }: LogQuery,
  seen: Seen | undefined,
  api: Api,
  { output, signal }: Context,
): Promise<Streamed> {
  let { text: end, isWhole } = seen ?? {
    text: "",
    isWhole: tail === undefined && hasFixedStart(since),
  };
  const print = (text: string) => {
    if (text === "") return;
    output.raw(text);
    end += text;
    if (end.length <= 2 * LARGE_BYTES) return;
    end = end.slice(-LARGE_BYTES);
    isWhole = false;
  };
  const lost = () =>
    output.note("The log was taken up again: here lines may be missing, or come a second time.");
  const { query, take } = takenUp(tail, seen, print, lost);
  output.clear();
  let ending: Streamed["ending"] = "over";
  try {
    await api.streamText(path, { follow: "true", ...query, since }, take);
  } catch (error) {
    const isOfService = error instanceof UnreachableError || error instanceof ApiError;
    if (signal.aborted || !isOfService) throw error;
    // a service from before streams does not know the word
    const isUnknown = error instanceof ApiError && error.problem.status === 400;
    ending = isUnknown ? "refused" : "broken";
  }
  return { text: end, isWhole, ending };
}

/** What is asked for, and what passes on what is new of it. */
function takenUp(
  tail: string | undefined,
  seen: Seen | undefined,
  print: (text: string) => void,
  lost: () => void,
): { readonly query: { tail?: string | number | undefined }; take(text: string): void } {
  if (seen === undefined || seen.text === "") {
    // of one that was seen empty all is new
    return { query: { tail: seen === undefined ? tail : undefined }, take: print };
  }
  const { text: before, isWhole } = seen;
  const mark = before.slice(-MARK);
  const isUnique = before.indexOf(mark) === before.length - mark.length;
  let held: string | undefined = "";
  return {
    query: isWhole ? {} : { tail: LINES },
    take(text) {
      if (held === undefined) return print(text);
      held += text;
      const at = endOfSeen(held);
      if (at === undefined) return undefined;
      const fresh = held.slice(at);
      held = undefined;
      return print(fresh);
    },
  };

  function endOfSeen(now: string): number | undefined {
    if (isWhole && now.startsWith(before)) return before.length;
    if (isWhole && before.startsWith(now)) return undefined;
    const at = now.indexOf(mark);
    if (at >= 0) {
      if (!isUnique) lost();
      return at + mark.length;
    }
    const isMuch = isWhole ? now.length > 2 * LARGE_BYTES : now.split("\n").length > LINES;
    if (!isMuch) return undefined;
    lost();
    return 0;
  }
}

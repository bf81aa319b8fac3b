/** Cursors of lists: opaque to clients, checked when they come back. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { ProblemError } from "./problems.ts";

const CHECK_LENGTH = 12;

/**
 * @param list what is listed, with everything that selects its items: a cursor of one list is of no
 * use for another.
 * @param state what the next page needs.
 */
export function writeCursor(list: string, state: unknown): string {
  const body = Buffer.from(JSON.stringify(state)).toString("base64url");
  return `${checkOf(list, body)}${body}`;
}

/**
 * @throws ProblemError invalid_cursor for anything that writeCursor did not make for this list. The
 * check finds mistakes, it is no signature: what a cursor holds gives nobody more than its list does.
 */
export function readCursor<T>(list: string, cursor: string, state: z.ZodType<T>): T {
  const body = cursor.slice(CHECK_LENGTH);
  if (cursor.slice(0, CHECK_LENGTH) !== checkOf(list, body)) throw invalidCursor();
  try {
    return state.parse(JSON.parse(Buffer.from(body, "base64url").toString("utf8")));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) throw invalidCursor();
    throw error;
  }
}

const Place = z.strictObject({ after: z.string() });

/**
 * The cursor of a list that is shown in part: where the page ended, and nothing of what follows.
 *
 * @param last the last item that was shown, which whoever reads the cursor has.
 */
export const writePlace = (list: string, last: string): string =>
  writeCursor(list, { after: last });

/** The last item that was shown. @throws ProblemError invalid_cursor */
export const readPlace = (list: string, cursor: string): string =>
  readCursor(list, cursor, Place).after;

const checkOf = (list: string, body: string): string =>
  createHash("sha256").update(`${list}\n${body}`).digest("base64url").slice(0, CHECK_LENGTH);

const invalidCursor = () =>
  new ProblemError(
    "invalid_cursor",
    "The cursor is not one that this list gave, or the other words of the query have changed.",
  );

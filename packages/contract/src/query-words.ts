/** The words that queries are made of; every query schema is strict, so an unknown word is 400. */
import * as z from "zod";

/** The most items that one page of a list may hold. */
export const MAX_PAGE = 1000;

export const limitWord = z
  .string()
  .regex(/^\d{1,4}$/, { error: `must be a number from 1 to ${MAX_PAGE}` })
  .transform(Number)
  .pipe(z.int().min(1).max(MAX_PAGE))
  .describe(`Most items on a page, 1 to ${MAX_PAGE}.`);

export const cursorWord = z
  .string()
  .min(1)
  .max(4096)
  .describe("`next_cursor` of the page before; the other words of the query must stay the same.");

export const flagWord = z.enum(["true", "false"]).transform((word) => word === "true");

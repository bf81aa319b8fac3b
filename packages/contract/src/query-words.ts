/** The words that queries are made of; every query schema is strict, so an unknown word is 400. */
import * as z from "zod";

/** The most items that one page of a list may hold. */
export const MAX_PAGE = 1000;

/** What a word of digits means to whoever reads the OpenAPI document. */
export const integerWord = (minimum: number, maximum: number) => ({
  type: "integer",
  minimum,
  maximum,
  pattern: undefined,
});

const limitError = `must be a number from 1 to ${MAX_PAGE}`;
export const limitWord = z
  .string()
  .regex(/^\d{1,4}$/, { error: limitError })
  .transform(Number)
  .pipe(z.int().min(1, { error: limitError }).max(MAX_PAGE, { error: limitError }))
  .meta({ ...integerWord(1, MAX_PAGE), description: `Most items on a page, 1 to ${MAX_PAGE}.` });

export const cursorWord = z
  .string()
  .min(1)
  .max(4096)
  .describe("`next_cursor` of the page before; the other words of the query must stay the same.");

export const flagWord = z
  .enum(["true", "false"], { error: "must be true or false" })
  .transform((word) => word === "true")
  .meta({ type: "boolean", enum: undefined });

/**
 * Whole numbers of answers, with the bounds that they really have: told and not checked, as what was
 * counted here is right as it is.
 */
import * as z from "zod";

/** A column of the database holds no more. */
const MAX_COUNT = 2_147_483_647;

export const whole = (minimum: number, maximum: number): z.ZodInt =>
  z.int().meta({ minimum, maximum });

/** How many of something. */
export const count = whole(0, MAX_COUNT);
/** What is numbered from 1: users, events, places in a line. */
export const ordinal = whole(1, MAX_COUNT);
/** Of an object; it takes more than 32 bits. */
export const sizeBytes = whole(0, Number.MAX_SAFE_INTEGER);
export const port = whole(1, 65_535);

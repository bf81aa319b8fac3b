/** The settings of the rollout, and what cannot go together. */
import { integer, onOff, word } from "@airlock/config";
import * as z from "zod";

const PERCENTAGE = "must be a number, 0 to 100";

/** 0 to 100, with up to four decimals. */
const percentage = (): z.ZodType<number, string | number> =>
  z.preprocess(
    (value) =>
      typeof value === "string" && /^\d{1,3}(?:\.\d{1,4})?$/.test(value) ? Number(value) : value,
    z.number({ error: PERCENTAGE }).min(0, PERCENTAGE).max(100, PERCENTAGE),
  ) as z.ZodType<number, string | number>;

export const rolloutSettings = {
  USE_API_GATEWAY: onOff()
    .optional()
    .describe(
      "With LAYER_AUTH=sigv4: on sends all requests to the execution API, off none. Unset means off.",
    ),
  USE_API_GATEWAY_PERCENTAGE: percentage()
    .optional()
    .describe(
      "How many of a hundred requests go to the execution API, 0 to 100; where it is set USE_API_GATEWAY means nothing.",
    ),
  ROLLOUT_FILE: z
    .string()
    .optional()
    .describe(
      'A JSON file such as {"percentage": 10}, read again when it changes: it beats both. Also salt (a text: another one draws others) and attempt (a number: the same once more).',
    ),
  ROLLOUT_BY: word(["caller", "request"])
    .default("caller")
    .describe(
      "What the percentage is of: caller (each, or each network where callers are not known, always takes the same way) or request.",
    ),
  ROLLOUT_ALLOWED_EXTRA_MS: integer(0, 10_000)
    .default(0)
    .describe(
      "What a request may take longer by the execution API, in milliseconds, before it counts as slow: what the longer way costs by itself.",
    ),
};

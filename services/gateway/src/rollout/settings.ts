/** The settings of the rollout, and what cannot go together. */
import { integer, onOff, type Rule, word } from "@airlock/config";
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
      "With LAYER_AUTH=sigv4: on sends all requests to the execution API, off none. Unset means off, or on where AUX_SERVICE_URL is unset too.",
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

const schema = z.object(rolloutSettings);
type Fields = Partial<Readonly<z.infer<typeof schema>>> & {
  readonly LAYER_AUTH?: string | undefined;
  readonly AUX_SERVICE_URL?: string | undefined;
};

const isSigned = (s: Fields) => s.LAYER_AUTH === "sigv4";
const hasNoOther = (s: Fields) =>
  isSigned(s) && s.AUX_SERVICE_URL === undefined && s.ROLLOUT_FILE === undefined;
/** Rules are asked of what is refused already, too. */
const isOther = ({ USE_API_GATEWAY_PERCENTAGE: asked }: Fields, than: 0 | 100) =>
  typeof asked === "number" && asked >= 0 && asked <= 100 && asked !== than;
const NEEDS_SIGNING = "means nothing without LAYER_AUTH=sigv4";
const MUST_BE_ALL = "must be 100 without AUX_SERVICE_URL, for there is no other route";

export const ROLLOUT_RULES: readonly Rule<Fields>[] = [
  {
    key: "USE_API_GATEWAY",
    message: NEEDS_SIGNING,
    isBroken: (s) => !isSigned(s) && s.USE_API_GATEWAY === true,
  },
  {
    key: "USE_API_GATEWAY_PERCENTAGE",
    message: NEEDS_SIGNING,
    isBroken: (s) => !isSigned(s) && isOther(s, 0),
  },
  {
    key: "ROLLOUT_FILE",
    message: NEEDS_SIGNING,
    isBroken: (s) => !isSigned(s) && s.ROLLOUT_FILE !== undefined,
  },
  {
    key: "USE_API_GATEWAY_PERCENTAGE",
    message: MUST_BE_ALL,
    isBroken: (s) => hasNoOther(s) && isOther(s, 100),
  },
  {
    key: "USE_API_GATEWAY",
    message: "must be on without AUX_SERVICE_URL, for there is no other route",
    isBroken: (s) =>
      hasNoOther(s) && s.USE_API_GATEWAY_PERCENTAGE === undefined && s.USE_API_GATEWAY === false,
  },
];

/** SSM parameters on the wire: bodies and query words, the same at the gateway and at aux. */
import * as z from "zod";
import { count } from "./numbers.ts";
import {
  canonicalParameterName,
  canonicalParameterPath,
  canonicalParameterPrefix,
} from "./parameter-name.ts";
import { cursorWord, flagWord, integerWord, limitWord } from "./query-words.ts";
import { timestamp } from "./timestamp.ts";

const parameterName = z.string().brand<"ParameterName">();
const failed = z
  .array(z.object({ name: parameterName, code: z.string() }))
  .meta({ description: "What AWS did not give, each with the code that it has alone." });
const nextCursor = z
  .string()
  .nullable()
  .optional()
  .meta({ description: "With `limit` only: what to send as `cursor`; null on the last page." });

/** The most names of one batch. */
export const MAX_BATCH_NAMES = 100;
/** The longest `wait`, in seconds. */
export const MAX_WAIT_SECONDS = 60;

export const ParameterType = z.enum(["String", "StringList", "SecureString"]);

export const Parameters = z
  .object({
    count: count,
    parameters: z.array(
      z.object({ name: parameterName, type: ParameterType, last_modified: timestamp }),
    ),
    next_cursor: nextCursor,
  })
  .meta({ id: "Parameters", description: "SSM parameters by name, without values." });

export const Parameter = z
  .object({
    name: parameterName,
    value: z.string(),
    type: ParameterType,
    version: count.meta({ description: "From 1; 0 for a secret of Secrets Manager." }),
    last_modified: timestamp,
    values: z.array(z.string()).optional().meta({ description: "The items of a StringList." }),
  })
  .meta({ id: "Parameter", description: "One SSM parameter, decrypted unless asked otherwise." });

export const ParameterTree = z
  .object({
    path: z.string(),
    recursive: z.boolean(),
    count: count,
    parameters: z.array(Parameter),
    failed,
    next_cursor: nextCursor,
  })
  .meta({ id: "ParameterTree", description: "The parameters below a path, with values, by name." });

export const ParameterBatch = z
  .object({
    parameters: z.array(Parameter),
    missing: z.array(parameterName),
    denied: z.array(parameterName),
    failed,
  })
  .meta({
    id: "ParameterBatch",
    description:
      "Each of the four in the order of the request. What policy denies stands in `missing`, unless the policy answers denied reads with 403.",
  });

const name = z.string().transform((text, context) => {
  const canonical = canonicalParameterName(text);
  if (canonical !== undefined) return canonical;
  context.addIssue({ code: "custom", message: "is no parameter name" });
  return z.NEVER;
});

const names = z
  .array(name)
  .min(1)
  .max(MAX_BATCH_NAMES)
  .transform((list) => [...new Set(list)]);

const decrypt = flagWord
  .optional()
  .describe("`false` leaves the value of a SecureString encrypted.");

/** Query of `/config/{name}` and `/parameters/{name}`. */
export const ParameterQuery = z
  .strictObject({
    version: z
      .string()
      .regex(/^[1-9]\d{0,9}$/, { error: "must be a number from 1" })
      .transform(Number)
      .optional()
      .meta({
        ...integerWord(1, 9_999_999_999),
        description: "A version instead of the newest.",
      }),
    label: z
      .string()
      // digits alone would be a version
      .regex(/^(?!\d+$)[A-Za-z0-9_.-]{1,100}$/, { error: "is no label" })
      .optional()
      .describe(
        "The version that carries this label; of a secret, its staging label or version id.",
      ),
    decrypt,
    wait: z
      .string()
      .regex(/^([1-9]|[1-5]\d|60)s$/, { error: `must be 1s to ${MAX_WAIT_SECONDS}s` })
      .transform((text) => Number.parseInt(text, 10))
      .optional()
      .describe(
        "With If-None-Match: answers when the value has changed, or 304 after so long (1s to 60s; the gateway may cut it).",
      ),
  })
  .refine((query) => query.version === undefined || query.label === undefined, {
    error: "version and label exclude each other",
  })
  .refine((query) => !query.wait || (query.version ?? query.label) === undefined, {
    error: "wait is for the newest version",
  });

/** Query of `/config` and `/parameters`: a list, a tree (`path`) or a batch (`name`). */
export const ParametersQuery = z
  .strictObject({
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_./-]{1,1012}$/, { error: "must be the beginning of a name" })
      .refine((text) => canonicalParameterPrefix(text) !== undefined, {
        error: "must be the beginning of a name",
      })
      .optional()
      .describe("List: only names that begin so, their leading slash or none."),
    type: ParameterType.optional().describe("List: only this type."),
    path: z
      .string()
      .transform((text, context) => {
        const canonical = canonicalParameterPath(text);
        if (canonical !== undefined) return canonical;
        context.addIssue({ code: "custom", message: "is no path of parameters" });
        return z.NEVER;
      })
      .optional()
      .describe(
        "Tree: the parameters below this path, with values. A slash at its end is ignored.",
      ),
    recursive: flagWord.optional().describe("Tree: with all levels below, not only the next."),
    name: z
      .union([z.string().transform((one) => [one]), z.array(z.string())])
      .pipe(names)
      .optional()
      .meta({
        type: "array",
        items: { type: "string" },
        minItems: 1,
        maxItems: MAX_BATCH_NAMES,
        anyOf: undefined,
        description: `Batch: up to ${MAX_BATCH_NAMES} names, one \`name=\` each.`,
      }),
    decrypt: decrypt.describe("Tree and batch: `false` leaves SecureStrings encrypted."),
    limit: limitWord.optional(),
    cursor: cursorWord.optional(),
  })
  .superRefine((query, context) => {
    const kind = query.name ? "name" : query.path ? "path" : "list";
    for (const word of Object.keys(query) as (keyof typeof query)[]) {
      if (query[word] === undefined || WORDS[kind].has(word)) continue;
      const message = kind === "list" ? `needs path or name` : `does not go with ${kind}`;
      context.addIssue({ code: "custom", path: [word], message });
    }
  });

const WORDS: Readonly<Record<"name" | "path" | "list", ReadonlySet<string>>> = {
  name: new Set(["name", "decrypt"]),
  path: new Set(["path", "recursive", "decrypt", "limit", "cursor"]),
  list: new Set(["prefix", "type", "limit", "cursor"]),
};

/** Body of `POST /config/batch` and `POST /parameters/batch`. */
/** Its words stand in the body: one in the query would be passed over. */
export const BatchQuery = z.strictObject({});
export const BatchRequest = z
  .strictObject({ names, decrypt: z.boolean().optional() })
  .meta({ id: "BatchRequest" });

export type ParameterType = z.infer<typeof ParameterType>;
export type Parameters = z.infer<typeof Parameters>;
export type Parameter = z.infer<typeof Parameter>;
export type ParameterTree = z.infer<typeof ParameterTree>;
export type ParameterBatch = z.infer<typeof ParameterBatch>;
export type ParameterQuery = z.infer<typeof ParameterQuery>;
export type ParametersQuery = z.infer<typeof ParametersQuery>;
export type BatchRequest = z.infer<typeof BatchRequest>;

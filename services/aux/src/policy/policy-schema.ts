/** What a policy file may hold. docs/policy.md shows it by example. */
import { canonicalParameterName, isBucketName, MAX_KEY_BYTES } from "@airlock/contract";
import * as z from "zod";
import { globFault } from "./glob.ts";
import { RESERVED_IDS } from "./policy.ts";
import { VERBS, type Verb } from "./rule.ts";

const MAX_BUCKET_LENGTH = 63;

/** A list of strings that each pass `faultOf`, which returns what is wrong or undefined. */
const listOf = (faultOf: (text: string) => string | undefined) =>
  z
    .array(
      z.string({ error: "must be a string" }).check(({ value, issues }) => {
        const message = faultOf(value);
        if (message) issues.push({ code: "custom", input: value, message });
      }),
      { error: "must be a list" },
    )
    .min(1, { error: "must not be empty" })
    .optional();

function parameterFault(text: string): string | undefined {
  if (text.startsWith("arn:")) return arnFault(text);
  if (!/^[\w.*/-]*$/.test(text)) return "may hold what a parameter's name does, and *";
  // such globs match nothing, and a rule that denies would leave its door open
  if (/^(?!\*\*\/)[^/]+\//.test(text)) return "a name of several levels begins with a slash";
  if (/^\/(?!\*\*$)[^/]*$/.test(text)) return "a name of one level has no slash";
  return globFault(text) ?? nameFault(shortestOf(text));
}

/** A name that such a glob matches, if any is matched: with the fewest levels. */
const shortestOf = (glob: string): string =>
  glob.replaceAll("**/", "").replaceAll("**", "x").replaceAll("*", "x");

const nameFault = (name: string): string | undefined =>
  canonicalParameterName(name) === undefined
    ? "matches no name: SSM takes 15 levels at most, none of them empty, `.` or `..`, nor a slash at the end"
    : undefined;

/** `arn:aws:ssm:<region>:<account>:parameter/<name>`; stars stand for what is between two slashes. */
function arnFault(text: string): string | undefined {
  if (!/^arn:[\w.:*-]*\/[\w.*/-]+$/.test(text)) {
    return "an ARN is arn:aws:ssm:<region>:<account>:parameter/<name>, with * and **";
  }
  const slash = text.indexOf("/");
  const name = `${headOf(text.slice(0, slash))}${shortestOf(text.slice(slash))}`;
  if (canonicalParameterName(name) !== undefined) return globFault(text);
  return "matches no ARN of a parameter: arn:aws:ssm:<region>:<12 digits>:parameter/<name>";
}

const ARN_PARTS = ["arn", "aws", "ssm", "eu-west-1", "111122223333", "parameter"];

/** What such a glob matches of `arn:aws:ssm:<region>:<account>:parameter`; a star may take several parts. */
function headOf(glob: string): string {
  const parts = glob.split(":");
  if (parts.length < ARN_PARTS.length && glob.includes("*")) return ARN_PARTS.join(":");
  return parts.map((part, index) => (part.includes("*") ? ARN_PARTS[index] : part)).join(":");
}

function bucketFault(text: string): string | undefined {
  if (!/^[\w.*-]+$/.test(text) || text.includes("**")) {
    return "must be the name of a bucket, with * for any characters";
  }
  return couldBeBucket(text) ? undefined : "matches no name that a bucket may have";
}

const couldBeBucket = (glob: string): boolean =>
  glob.includes("*")
    ? /^[a-z0-9*](?:[a-z0-9.*-]*[a-z0-9*])?$/.test(glob) &&
      !glob.includes("..") &&
      glob.replaceAll("*", "").length <= MAX_BUCKET_LENGTH
    : isBucketName(glob);

function objectFault(text: string): string | undefined {
  const { bucket, key } = splitObject(text);
  if (key === undefined) return "must be bucket/key, such as my-bucket/reports/**";
  if (Buffer.byteLength(key.replaceAll("*", "")) > MAX_KEY_BYTES) return "matches no key";
  return bucketFault(bucket) ?? globFault(key);
}

/** The two globs of `bucket/key`. */
export function splitObject(text: string): { bucket: string; key: string | undefined } {
  const [bucket = "", ...key] = text.split("/");
  return { bucket, key: key.length > 0 ? key.join("/") : undefined };
}

const callerFault = (text: string) => (text === "" ? "must not be empty" : undefined);

const mapping = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.strictObject(shape, { error: "must be a mapping" });

const fields = mapping({
  id: z
    .string({ error: "must be a word that names the rule in the audit log" })
    .regex(/^[\w.-]{1,64}$/, { error: "must be 1 to 64 letters, digits, dots, dashes" })
    .refine((id) => !RESERVED_IDS.includes(id), {
      error: `must not be ${RESERVED_IDS.join(", ")}`,
    }),
  effect: z.enum(["allow", "deny"], { error: "must be allow or deny" }).default("allow"),
  callers: listOf(callerFault),
  groups: listOf(callerFault),
  verbs: z
    .array(z.enum(VERBS, { error: `must be one of ${VERBS.join(", ")}` }), {
      error: `must be a list of ${VERBS.join(", ")}`,
    })
    .min(1, { error: "must not be empty" }),
  parameters: listOf(parameterFault),
  buckets: listOf(bucketFault),
  objects: listOf(objectFault),
  decrypt: z.boolean({ error: "must be true or false" }).default(false),
});

type Fields = Partial<Record<keyof typeof fields.shape, unknown>>;

interface Relation {
  readonly key: keyof typeof fields.shape;
  readonly message: string;
  /** @param rule as it was written: each field may be missing or wrong. */
  isBroken(rule: Fields): boolean;
}

const hasVerb = ({ verbs }: Fields, wanted: readonly Verb[]) =>
  Array.isArray(verbs) && wanted.some((verb) => verbs.includes(verb));

/** Whether there are verbs and these are not among them; wrong verbs are a fault of their own. */
const lacksVerb = (rule: Fields, wanted: readonly Verb[]) =>
  hasVerb(rule, VERBS) && !hasVerb(rule, wanted);

const RELATIONS: readonly Relation[] = [
  {
    key: "callers",
    message: 'the rule must name callers or groups; callers: ["*"] is everybody',
    isBroken: ({ callers, groups }) => callers === undefined && groups === undefined,
  },
  {
    key: "id",
    message: "the rule must name parameters, buckets or objects",
    isBroken: ({ parameters, buckets, objects }) =>
      parameters === undefined && buckets === undefined && objects === undefined,
  },
  {
    key: "parameters",
    message: "need the verb list or read",
    isBroken: (rule) => rule.parameters !== undefined && lacksVerb(rule, ["list", "read"]),
  },
  {
    key: "buckets",
    message: "need the verb list; what is in a bucket stands in objects",
    isBroken: (rule) => rule.buckets !== undefined && lacksVerb(rule, ["list"]),
  },
  {
    key: "decrypt",
    message: "needs parameters and the verb read",
    isBroken: (rule) =>
      rule.decrypt === true && (rule.parameters === undefined || lacksVerb(rule, ["read"])),
  },
  {
    key: "decrypt",
    message: "a rule that denies decrypting has no verb but read, no buckets and no objects",
    isBroken: (rule) =>
      rule.effect === "deny" &&
      rule.decrypt === true &&
      (rule.buckets !== undefined ||
        rule.objects !== undefined ||
        hasVerb(rule, ["list", "presign-get", "presign-put"])),
  },
];

const rule = RELATIONS.reduce(
  (checked, { key, message, isBroken }) =>
    checked.refine((written) => !isBroken(written), {
      path: [key],
      error: message,
      when: ({ value }) => typeof value === "object" && value !== null,
    }),
  fields,
);

export const policySchema = mapping({
  version: z.literal(1, { error: "must be 1" }),
  denied: z.literal([404, 403], { error: "must be 404 or 403" }).default(404),
  groups: z
    .record(
      z.string(),
      z.array(z.string({ error: "must be a string" }), { error: "must be a list of callers" }),
      { error: "must be lists of callers by name" },
    )
    .default({}),
  rules: z.array(rule, { error: "must be a list" }).min(1, { error: "must not be empty" }),
});

export type PolicySource = z.infer<typeof policySchema>;

/** What a job's env_vars may hold, and the words in them that are orders and not variables. */
import * as z from "zod";

const MAX_NAMES = 100;
/** Names and values together, in bytes of UTF-8. */
const MAX_BYTES = 32_768;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/**
 * Names that decide what a process loads, or as whom it calls AWS or the cluster. PYTHONPATH and
 * its like are the job's own business.
 */
const REFUSED = /^(?:LD_|DYLD_|AWS_|KUBERNETES_|(?:PATH|ENV|BASH_ENV|GCONV_PATH|GLIBC_TUNABLES)$)/;

/** GitHub's names; those of managed users hold an underscore. */
export const GITHUB_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,38}$/;

/** Ids that a client may choose; begins of them name a job in a URL. */
export const JOB_ID = /^[A-Za-z0-9][A-Za-z0-9-]{7,63}$/;

/** In characters, as the database counts them. */
const MAX_NAME = 255;
/** What moves or hides other text: controls, separators of lines, marks that turn the direction. */
const UNSHOWABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** A name for people, in any script. */
const isDisplayName = (text: string): boolean =>
  text.isWellFormed() && !UNSHOWABLE.test(text) && [...text].length <= MAX_NAME;

/** Orders that clients send among the variables; none of them becomes one. */
export const JobControls = z.object({
  RESERVATION_ID: z.string().regex(JOB_ID, { error: "is no id that a job may have" }).optional(),
  GPU_TYPE: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,49}$/, { error: "is no GPU type" })
    .transform((type) => type.toLowerCase())
    .optional(),
  GPU_COUNT: z
    .string()
    .regex(/^\d{1,4}$/, { error: "must be a number of GPUs, as a string" })
    .transform(Number)
    .optional(),
  GITHUB_USER: z
    .string()
    .refine((name) => name === "" || GITHUB_NAME.test(name), { error: "is no GitHub user name" })
    .default(""),
  JUPYTER_ENABLED: z
    .enum(["true", "false"], { error: 'must be "true" or "false"' })
    .transform((word) => word === "true")
    .default(false),
  POD_NAME: z
    .string()
    .refine(isDisplayName, { error: `must be text on one line, ${MAX_NAME} characters at most` })
    .transform((name) => (name === "" ? undefined : name))
    .optional(),
});
export type JobControls = z.infer<typeof JobControls>;

const CONTROL_NAMES: ReadonlySet<string> = new Set(Object.keys(JobControls.shape));

/** Taken apart into orders and what the job is to find in its environment. */
export const JobEnvVars = z.record(z.string(), z.string()).transform((all, context) => {
  const fail = (message: string, path: string[] = []) => {
    context.addIssue({ code: "custom", message, path });
  };
  const entries = Object.entries(all);
  const controls = JobControls.safeParse(all);
  for (const issue of controls.error?.issues ?? []) fail(issue.message, issue.path.map(String));
  const variables = entries.filter(([name]) => !CONTROL_NAMES.has(name));
  if (variables.length > MAX_NAMES) fail(`may hold ${MAX_NAMES} names`);
  let sizeBytes = 0;
  for (const [name, value] of variables) {
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (!NAME.test(name)) fail("a name is not letters, digits and underscores, 128 at most");
    else if (REFUSED.test(name)) fail("may not be set", [name]);
    else if (value.includes("\0") || !value.isWellFormed()) fail("is no text", [name]);
  }
  if (sizeBytes > MAX_BYTES) fail(`may hold ${MAX_BYTES} bytes`);
  if (!controls.success) return z.NEVER;
  return { controls: controls.data, variables: Object.fromEntries(variables) };
});

/** What is wrong with an input: a sentence each, with its place, what belongs there, and what came. */
import type * as z from "zod";
import { speakPlainly } from "./zod-words.ts";

speakPlainly();

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** More would hide what matters. */
const MAX_SENTENCES = 10;
/** Names of members are told; what is longer, or looks like a secret, was meant as something else. */
const SHOWN_NAME = /^(?!gpud_|eyJ)[A-Za-z0-9_.@/-]{1,40}$/;
const SHORT_NUMBER = /^-?\d{1,6}$/;

/**
 * @param error of a parse with `reportInput`.
 * @param input what was parsed.
 * @param whole what it is called where all of it is wrong, such as "body".
 */
export function sentencesOf(
  error: { readonly issues: readonly Issue[] },
  input: unknown,
  whole: string,
): string[] {
  const all = [...new Set(error.issues.flatMap((issue) => describe(issue, [], input, whole)))];
  if (all.length <= MAX_SENTENCES) return all;
  return [...all.slice(0, MAX_SENTENCES), `and ${all.length - MAX_SENTENCES} more`];
}

function describe(issue: Issue, above: Path, root: unknown, whole: string): string[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${placeOf([...path, key], whole)}: ${issue.message}`);
  }
  if (issue.code === "invalid_union") {
    const nearest = nearestOf(issue.errors);
    if (nearest) return nearest.flatMap((one) => describe(one, path, root, whole));
  }
  const came = cameOf(issue, path, root);
  return [
    `${placeOf(path, whole)}: ${issue.message}${came === undefined ? "" : `; it was ${came}`}`,
  ];
}

/** Of several forms the one that is meant: the one with the least wrong, unless none is even of its kind. */
function nearestOf(forms: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const kinds = forms.filter((issues) => issues.some(({ path }) => path.length > 0));
  return kinds.sort((a, b) => a.length - b.length)[0];
}

/** Its kind, or a short number; what a client sent may be a secret in the wrong place. */
function cameOf({ input, code }: Issue, path: Path, root: unknown): string | undefined {
  if (code === "invalid_key") return undefined;
  const sent = valueAt(root, path);
  // of a union it is the word that tells the forms apart
  if (code === "invalid_union") return kindOf(sent);
  // a rule about several members says what they are to each other
  return code === "custom" && input !== sent ? undefined : kindOf(input);
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[step];
  return value;
}

export function kindOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") {
    if (value === "") return "an empty text";
    if (SHORT_NUMBER.test(value)) return `the text ${value}`;
    return `a text of ${value.length} ${value.length === 1 ? "character" : "characters"}`;
  }
  if (typeof value === "number") return Number.isNaN(value) ? "no number" : `the number ${value}`;
  return typeof value === "boolean" ? String(value) : "an object";
}

/** `env_vars.GPU_TYPE`, `names[2]`. */
export function placeOf(path: Path, whole: string): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return `.${SHOWN_NAME.test(String(step)) ? String(step) : "(a name that is not shown)"}`;
  });
  const place = steps.join("");
  return place === "" ? whole : place.startsWith(".") ? place.slice(1) : `${whole}${place}`;
}

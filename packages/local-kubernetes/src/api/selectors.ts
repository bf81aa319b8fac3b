/** Label and field selectors, as they stand in queries. */
import type { KindRules } from "../kinds.ts";
import type { StoredObject } from "../objects.ts";
import { badRequest } from "../refusal.ts";

export type Matches = (object: StoredObject) => boolean;

type Labels = Readonly<Record<string, string>>;

const KEY = "([A-Za-z0-9][-A-Za-z0-9_./]*)";
const VALUE = "([-A-Za-z0-9_.]*)";

/** `a=b`, `a==b`, `a!=b`, `a`, `!a`, `a in (b,c)`, `a notin (b,c)`, with commas between. @throws Refusal 400 */
export function labelSelector(text: string): Matches {
  const rules = splitOutside(text).map(labelRule);
  return ({ metadata }) => rules.every((rule) => rule(metadata.labels ?? {}));
}

function labelRule(text: string): (labels: Labels) => boolean {
  const rule = text.trim();
  const [, key = "", operator = "", value = ""] =
    new RegExp(`^${KEY}\\s*(==?|!=)\\s*${VALUE}$`).exec(rule) ?? [];
  if (operator === "!=") return (labels) => labels[key] !== value;
  if (operator !== "") return (labels) => labels[key] === value;
  const [, name = "", words = "", values = ""] =
    new RegExp(`^${KEY}\\s+(in|notin)\\s+\\(([^)]*)\\)$`).exec(rule) ?? [];
  if (words !== "") {
    const all = values.split(",").map((one) => one.trim());
    return (labels) => all.includes(labels[name] ?? "\0") === (words === "in");
  }
  const [, not, there] = new RegExp(`^(!?)\\s*${KEY}$`).exec(rule) ?? [];
  if (there === undefined) {
    throw badRequest(`unable to parse requirement: found '${rule}', expected: identifier`);
  }
  return (labels) => Object.hasOwn(labels, there) === (not === "");
}

/** At commas that stand in no parentheses. */
const splitOutside = (text: string): string[] =>
  text.trim() === "" ? [] : text.split(/,(?![^(]*\))/);

/** `a=b`, `a==b`, `a!=b`, with commas between. @throws Refusal 400 for fields that cannot be selected by. */
export function fieldSelector(text: string, fields: KindRules["fields"]): Matches {
  const rules = (text.trim() === "" ? [] : text.split(",")).map((rule) => {
    const [, field = "", operator = "", value = ""] = /^([\w.]+)(==?|!=)(.*)$/.exec(rule) ?? [];
    const read =
      field === "metadata.name" || field === "metadata.namespace" ? undefined : fields[field];
    if (operator === "")
      throw badRequest(`invalid selector: '${text}'; can't understand '${rule}'`);
    if (read === undefined && !field.startsWith("metadata.")) {
      throw badRequest(`field label not supported: ${field}`);
    }
    const found = (object: StoredObject) =>
      read?.(object) ??
      (field === "metadata.name" ? object.metadata.name : (object.metadata.namespace ?? ""));
    return (object: StoredObject) => (found(object) === value) === (operator !== "!=");
  });
  return (object) => rules.every((rule) => rule(object));
}

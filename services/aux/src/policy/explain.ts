/** Which rule decides, and why each other one does not. */
import { spaceOf } from "./parameter-glob.ts";
import type { PolicyFileContent } from "./parse-policy.ts";
import { createPolicy, type Decision, inTurn } from "./policy.ts";
import { isAbout, isOver, type Resource, type Rule, type Subject, type Verb } from "./rule.ts";

export interface Explanation {
  readonly decision: Decision;
  /** Every rule, in the order in which they are asked. */
  readonly rules: readonly { readonly rule: Rule; readonly says: string }[];
}

export function explain(
  { rules, deniedStatus }: PolicyFileContent,
  subject: Subject,
  verb: Verb,
  resource: Resource,
): Explanation {
  const decision = createPolicy(rules, deniedStatus).decide(subject, verb, resource);
  return {
    decision,
    rules: inTurn(rules).map((rule) => {
      const says = rule.id === decision.rule ? "decides" : verdict(rule, subject, verb, resource);
      return { rule, says };
    }),
  };
}

function verdict(rule: Rule, subject: Subject, verb: Verb, resource: Resource): string {
  if (!isAbout(rule, subject)) return "is about other callers";
  if (!rule.verbs.has(verb)) return `does not hold the verb ${verb}`;
  if (isOver(rule, resource)) return "matches too, but is asked later";
  if (resource.kind === "parameter") {
    const { name, decrypted = false } = resource;
    if (isOver(rule, { ...resource, decrypted: !decrypted })) {
      return rule.effect === "allow" ? "does not let decrypt" : "denies decrypting alone";
    }
    const isElsewhere = rule.parameters.some((glob) => glob.matches(name));
    if (isElsewhere) return `has no glob that spells ${spaceOf(name)}`;
  }
  return "has no glob that matches";
}

/** Decides what a caller may do: deny wins over allow, and what no rule allows is denied. */
import { type Below, type Keys, keysOf, reachOf } from "./reach.ts";
import {
  isAbout,
  isOver,
  type Resource,
  type Rule,
  type Subject,
  VERBS,
  type Verb,
} from "./rule.ts";

export type { Resource, Subject, Verb } from "./rule.ts";

export interface Decision {
  readonly allow: boolean;
  /** Id of the rule that decided; `default` where none did, `open-reads` without a policy. */
  readonly rule: string;
}

export interface Policy {
  decide(subject: Subject, verb: Verb, resource: Resource): Decision;
  /**
   * Where parameters could be that the subject may have: beginnings of their names, none where
   * nothing is allowed.
   */
  reach(subject: Subject, verb: Verb, below: Below): readonly string[];
  /** What the subject may have of the keys of one bucket. */
  keys(subject: Subject, verb: Verb, bucket: string): Keys;
  /** Whether callers may differ in what they are answered. */
  readonly asksCallers: boolean;
  /** Stands for all rules about the subject: one object for all subjects of the same rules. */
  rulesOf(subject: Subject): object;
  /** Status of a denied read: 404 does not tell whether there is something. */
  readonly deniedStatus: DeniedStatus;
}

export type DeniedStatus = 403 | 404;

/** Stand where the id of a rule would; no rule may have them. */
export const RESERVED_IDS: readonly string[] = ["default", "open-reads"];
/** Stands for the rule where none was about it. */
export const DEFAULT_RULE = "default";

/** Callers whose rules are remembered. */
const MAX_SUBJECTS = 1000;
/** Questions of reach whose answers are remembered, for each set of rules. */
const MAX_REACHES = 100;

/** What no rule is about. */
export const DEFAULT: Decision = { allow: false, rule: DEFAULT_RULE };
const READ_BY_ALL: Decision = { allow: true, rule: "open-reads" };

/** Without a policy, which is for dev alone: everybody reads everything, nobody writes. */
export const OPEN_READS: Policy = {
  asksCallers: false,
  deniedStatus: 404,
  decide: (_subject, verb) => (verb === "presign-put" ? DEFAULT : READ_BY_ALL),
  reach: (_subject, _verb, { prefix }) => [prefix],
  rulesOf: () => READ_BY_ALL,
  keys: () => ({ reach: (prefix) => [{ prefix, isKey: false }], covers: () => true }),
};

/**
 * @param rules in the order of the file. Of several that deny, the first is named; else the first
 * that allows.
 */
export function createPolicy(rules: readonly Rule[], deniedStatus: DeniedStatus): Policy {
  const steps = inTurn(rules).map((rule) => ({
    rule,
    decision: { allow: rule.effect === "allow", rule: rule.id },
  }));
  const known = new Map<string, Table>();
  const tables = new Map<string, Table>();
  const tableOf = (subject: Subject): Table => {
    const key = JSON.stringify([subject.caller, subject.groups]);
    let table = known.get(key);
    if (!table) {
      const asked = steps.filter(({ rule }) => isAbout(rule, subject));
      const ids = JSON.stringify(asked.map(({ rule }) => rule.id));
      table = tables.get(ids) ?? sortOut(asked);
      if (known.size >= MAX_SUBJECTS) {
        known.clear();
        tables.clear();
      }
      known.set(key, table);
      tables.set(ids, table);
    }
    return table;
  };
  let last: (Subject & { readonly table: Table }) | undefined;
  // the items of a list are decided one after the other, all for one caller
  const latest = ({ caller, groups }: Subject): Table => {
    if (!last || last.caller !== caller || last.groups !== groups) {
      last = { caller, groups, table: tableOf({ caller, groups }) };
    }
    return last.table;
  };
  return {
    asksCallers: !rules.every(({ isForEverybody }) => isForEverybody),
    deniedStatus,
    rulesOf: latest,
    decide(subject, verb, resource) {
      for (const { rule, decision } of latest(subject).steps[verb][resource.kind]) {
        if (isOver(rule, resource)) return decision;
      }
      return DEFAULT;
    },
    reach(subject, verb, below) {
      const { steps, reaches } = latest(subject);
      const key = JSON.stringify([verb, below.prefix, below.isOneLevel, below.decrypted]);
      const known = reaches.get(key);
      if (known) return known;
      const rules = steps[verb].parameter.map(({ rule }) => rule);
      const reach = reachOf(rules, below);
      if (reaches.size >= MAX_REACHES) reaches.clear();
      reaches.set(key, reach);
      return reach;
    },
    keys(subject, verb, bucket) {
      const rules = latest(subject).steps[verb].object.map(({ rule }) => rule);
      return keysOf(rules, bucket);
    },
  };
}

/** Rules in the order in which they are asked: those that deny first. */
export function inTurn(rules: readonly Rule[]): Rule[] {
  const denying = rules.filter(({ effect }) => effect === "deny");
  return [...denying, ...rules.filter(({ effect }) => effect === "allow")];
}

/** A rule with the one decision that it makes. */
interface Step {
  readonly rule: Rule;
  readonly decision: Decision;
}

/** What there is to ask about one caller. */
interface Table {
  readonly steps: Readonly<Record<Verb, Readonly<Record<Resource["kind"], readonly Step[]>>>>;
  /** What was asked of its reach before. */
  readonly reaches: Map<string, readonly string[]>;
}

function sortOut(all: readonly Step[]): Table {
  const rows = VERBS.map((verb) => {
    const asked = all.filter(({ rule }) => rule.verbs.has(verb));
    const objects = asked.filter(({ rule }) => rule.objects.length > 0);
    const parameter = asked.filter(({ rule }) => rule.parameters.length > 0);
    const bucket = asked.filter(({ rule }) => rule.buckets.length > 0);
    return [verb, { parameter, bucket, object: objects, prefix: objects }];
  });
  return { steps: Object.fromEntries(rows) as Table["steps"], reaches: new Map() };
}

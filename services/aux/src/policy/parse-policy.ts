/** Reads the text of a policy file, or says everything that is wrong with it, line by line. */

import { kindOf } from "@airlock/contract";
import { compileFlatGlob } from "@airlock/identity";
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type * as z from "zod";
import { type CallerKind, callerFault } from "./caller-kind.ts";
import { compileGlob } from "./glob.ts";
import { compileParameterGlob } from "./parameter-glob.ts";
import { createPolicy, type DeniedStatus, type Policy } from "./policy.ts";
import { type PolicySource, policySchema, splitObject } from "./policy-schema.ts";
import type { Group, Rule } from "./rule.ts";

/** A policy that cannot be used; the message has a line for each fault. */
export class PolicyError extends Error {
  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "PolicyError";
  }
}

export interface PolicyFileContent {
  /** In the order of the file. */
  readonly rules: readonly Rule[];
  readonly deniedStatus: DeniedStatus;
}

/** @throws PolicyError */
export function parsePolicy(text: string, callers?: CallerKind): Policy {
  const { rules, deniedStatus } = readPolicy(text, callers);
  return createPolicy(rules, deniedStatus);
}

/**
 * @param callers those whom the policy may name.
 * @throws PolicyError
 */
export function readPolicy(text: string, callers: CallerKind = "any"): PolicyFileContent {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const lineOf = (path: Path) => lineAt(offsetOf(document, path));
  if (document.errors.length > 0) {
    throw new PolicyError(
      document.errors.map(({ pos, message }) => `line ${lineAt(pos[0])}: ${message}`),
    );
  }
  const source = toValue(document);
  const result = policySchema.safeParse(source, { reportInput: true });
  const faults = [
    ...(result.error?.issues ?? []).flatMap(faultsOf),
    ...clashesIn(source),
    ...strangersIn(source, callers),
  ];
  if (!result.success || faults.length > 0) throw new PolicyError(sentences(faults, lineOf));
  return {
    rules: rulesOf(result.data, (index) => lineOf(["rules", index])),
    deniedStatus: result.data.denied,
  };
}

type Path = readonly PropertyKey[];

interface Fault {
  readonly path: Path;
  readonly message: string;
}

/** An alias that leads too far is the one thing that only shows here. */
function toValue(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new PolicyError([`line 1: ${(error as Error).message}`]);
  }
}

/** An unknown member has a line of its own. */
function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const { path, message, input } = issue;
  if (issue.code !== "unrecognized_keys") {
    // of a rule of ours, which tells more, and of what is not there, it is said already
    const came = issue.code === "custom" ? undefined : kindOf(input);
    return [{ path, message: came === undefined ? message : `${message}; it was ${came}` }];
  }
  return issue.keys.map((key) => ({ path: [...path, key], message: "there is no such field" }));
}

/** Relations between rules, in whatever was written: rules that are wrong in themselves count too. */
function clashesIn(source: unknown): Fault[] {
  const { rules, groups } = (source ?? {}) as { rules?: unknown; groups?: unknown };
  const known = new Set(Object.keys(groups ?? {}));
  const ids = new Set<unknown>();
  const faults: Fault[] = [];
  for (const [index, rule] of (Array.isArray(rules) ? rules : []).entries()) {
    const { id, groups: named } = (rule ?? {}) as { id?: unknown; groups?: unknown };
    if (id !== undefined && ids.has(id)) {
      faults.push({ path: ["rules", index, "id"], message: `${id} is the id of a rule above` });
    }
    ids.add(id);
    for (const [at, name] of (Array.isArray(named) ? named : []).entries()) {
      if (known.has(name)) continue;
      const path = ["rules", index, "groups", at];
      faults.push({ path, message: `${name} is not among the groups of this file` });
    }
  }
  return faults;
}

/** Callers who cannot come, in rules and in the lists of groups, in whatever was written. */
function strangersIn(source: unknown, kind: CallerKind): Fault[] {
  const { rules, groups } = (source ?? {}) as { rules?: unknown; groups?: unknown };
  const lists: (readonly [path: Path, callers: unknown])[] = [
    ...Object.entries(groups ?? {}).map(([name, callers]) => [["groups", name], callers] as const),
    ...(Array.isArray(rules) ? rules : []).map(
      (rule, index) => [["rules", index, "callers"], rule?.callers] as const,
    ),
  ];
  return lists.flatMap(([path, callers]) =>
    (Array.isArray(callers) ? callers : []).flatMap((caller, index) => {
      const message = typeof caller === "string" ? callerFault(caller, kind) : undefined;
      return message === undefined ? [] : [{ path: [...path, index], message }];
    }),
  );
}

function rulesOf(source: PolicySource, lineOf: (index: number) => number): Rule[] {
  const groups = new Map<string, Group>();
  for (const [name, callers] of Object.entries(source.groups)) {
    const globs = callers.map(compileFlatGlob);
    groups.set(name, { name, holds: (caller) => globs.some((matches) => matches(caller)) });
  }
  return source.rules.map((rule, index) => ({
    id: rule.id,
    line: lineOf(index),
    effect: rule.effect,
    verbs: new Set(rule.verbs),
    callers: (rule.callers ?? []).map(compileFlatGlob),
    isForEverybody: rule.callers?.includes("*") === true,
    groups: (rule.groups ?? []).flatMap((name) => groups.get(name) ?? []),
    parameters: (rule.parameters ?? []).map(compileParameterGlob),
    buckets: (rule.buckets ?? []).map(compileGlob),
    objects: (rule.objects ?? []).map((text) => {
      const { bucket, key = "" } = splitObject(text);
      return { matchesBucket: compileFlatGlob(bucket), key: compileGlob(key) };
    }),
    decrypt: rule.decrypt,
  }));
}

/** In the order of the file, each with its line and its place. */
function sentences(faults: readonly Fault[], lineOf: (path: Path) => number): string[] {
  return faults
    .map(({ path, message }) => ({ line: lineOf(path), place: placeOf(path), message }))
    .sort((one, other) => one.line - other.line)
    .map(({ line, place, message }) => `line ${line}: ${place}${message}`);
}

/** `rules[2].verbs: `; nothing for the file itself. */
function placeOf(path: Path): string {
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  return steps.length > 0 ? `${steps.join("").slice(1)}: ` : "";
}

/** Where the path's last step that was written begins. */
function offsetOf(document: Document, path: Path): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const step of path) {
    const pair = isMap(node) ? node.items.find(({ key }) => keyOf(key) === step) : undefined;
    const next = pair ? pair.value : isSeq(node) ? node.items[Number(step)] : undefined;
    offset = startOf(pair ? pair.key : next) ?? offset;
    node = next;
  }
  return offset;
}

const keyOf = (key: unknown) => (isScalar(key) ? key.value : key);
const startOf = (node: unknown) => (isNode(node) ? node.range?.[0] : undefined);

/** kustomize's replacements, as far as k8s/ uses them: a value of one object is copied into fields of others. */
import { isMapping, type K8sObject, type Mapping } from "../objects.ts";

interface Select {
  readonly kind?: string;
  readonly name?: string;
}

interface Target {
  readonly select: Select;
  readonly fieldPaths: readonly string[];
  /** The value becomes one part of a text, the parts being told apart by `delimiter`. */
  readonly options?: { readonly delimiter: string; readonly index: number };
}

export interface Replacement {
  readonly source: Select & { readonly fieldPath: string };
  readonly targets: readonly Target[];
}

/** @throws Error naming the file and what is unknown or malformed. */
export function readReplacement(value: unknown, path: string): Replacement {
  const { source, targets, ...others } = (isMapping(value) ? value : {}) as Mapping;
  const isSound =
    Object.keys(others).length === 0 &&
    isMapping(source) &&
    onlyHas(source, "kind", "name", "fieldPath") &&
    typeof source.fieldPath === "string" &&
    Array.isArray(targets) &&
    targets.every(
      (target) =>
        isMapping(target) &&
        onlyHas(target, "select", "fieldPaths", "options") &&
        isMapping(target.select) &&
        onlyHas(target.select, "kind", "name") &&
        Array.isArray(target.fieldPaths) &&
        (target.options === undefined ||
          (isMapping(target.options) && onlyHas(target.options, "delimiter", "index"))),
    );
  if (!isSound)
    throw new Error(
      `${path}: a replacement needs a source with a fieldPath, and targets with select and fieldPaths`,
    );
  return value as Replacement;
}

const onlyHas = (value: Mapping, ...names: readonly string[]): boolean =>
  Object.keys(value).every((name) => names.includes(name));

/** The objects with the value in its places. @throws Error for a source or a field that is not there. */
export function replaced(
  objects: readonly K8sObject[],
  { source, targets }: Replacement,
  path: string,
): K8sObject[] {
  const [from, ...others] = objects.filter((object) => isSelected(object, source));
  if (!from || others.length > 0)
    throw new Error(`${path}: ${source.kind} is no one object to copy ${source.fieldPath} of`);
  let value: unknown;
  const seen = change(from, stepsOf(source.fieldPath), (found) => {
    value = found;
    return found;
  });
  if (seen === undefined || value === undefined)
    throw new Error(`${path}: ${source.kind} has no ${source.fieldPath}`);
  return objects.map((object) => {
    const own = targets.filter(({ select }) => isSelected(object, select));
    return own.reduce((result, { fieldPaths, options }) => {
      return fieldPaths.reduce((one, fieldPath) => {
        const changed = change(one, stepsOf(fieldPath), (old) => put(old, value, options));
        if (changed === undefined)
          throw new Error(`${path}: ${object.kind} ${object.metadata.name} has no ${fieldPath}`);
        return changed as K8sObject;
      }, result);
    }, object);
  });
}

const isSelected = ({ kind, metadata }: K8sObject, select: Select): boolean =>
  (select.kind ?? kind) === kind && (select.name ?? metadata.name) === metadata.name;

/** `a.b\.c.[name=x].*` → its parts; a dot within brackets or behind a backslash divides nothing. */
function stepsOf(fieldPath: string): string[] {
  return (fieldPath.match(/\[[^\]]*\]|(?:\\.|[^.\\])+/g) ?? []).map((step) =>
    step.replaceAll(/\\(.)/g, "$1"),
  );
}

/** A copy of `node` in which each value at the end of the way is changed; undefined when there is none. */
function change(node: unknown, steps: readonly string[], to: (old: unknown) => unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return to(node);
  const keys = keysOf(node, step);
  let result: unknown;
  for (const key of keys) {
    const old = (node as Record<string | number, unknown>)[key];
    const changed = old === undefined ? undefined : change(old, rest, to);
    if (changed === undefined) continue;
    result ??= Array.isArray(node) ? [...node] : { ...(node as Mapping) };
    (result as Record<string | number, unknown>)[key] = changed;
  }
  return result;
}

function keysOf(node: unknown, step: string): readonly (string | number)[] {
  if (isMapping(node)) return [step];
  if (!Array.isArray(node)) return [];
  if (step === "*") return node.map((_, index) => index);
  const [, name = "", value] = /^\[(\w+)=(.*)\]$/.exec(step) ?? [];
  if (value === undefined) return [Number(step)];
  return node.flatMap((item, index) => (isMapping(item) && item[name] === value ? [index] : []));
}

/** A scalar keeps its type, as a port is a number wherever it comes from. */
function put(old: unknown, value: unknown, options: Target["options"]): unknown {
  if (options) {
    const parts = String(old).split(options.delimiter);
    parts[options.index] = String(value);
    return parts.join(options.delimiter);
  }
  return typeof old === "string" && typeof value !== "object" ? String(value) : value;
}

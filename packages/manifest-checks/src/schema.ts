/**
 * Checks an object against the schemas of Kubernetes, Argo CD and the operators in use.
 *
 * The validators of kubernetes-models pass over fields they do not know. A compiled validator reads
 * every field that its schema has, so the object is handed over in proxies that note what is read: a
 * field that nothing asked for is unknown. A map is walked key by key and shows itself that way.
 */
import { isMapping, type K8sObject, type Mapping } from "./objects.ts";

interface Model {
  readonly prototype: { validate(this: unknown): void };
}

/** Which package holds a group's models; the rest is in kubernetes-models. */
const PACKAGES: Readonly<Record<string, string>> = {
  "argoproj.io": "@kubernetes-models/argo-cd",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "external-secrets.io": "@kubernetes-models/external-secrets",
};

/** One sentence for each fault of `object`; none when it is valid. */
export async function schemaFaults(object: K8sObject): Promise<string[]> {
  const { apiVersion, kind } = object;
  const model = await modelOf(apiVersion, kind);
  if (model === undefined) return [`${apiVersion} ${kind} has no schema here`];
  const watched = new Watched();
  const faults: string[] = [];
  try {
    model.prototype.validate.call(watched.wrap(object, ""));
  } catch (error) {
    faults.push(...describe(error));
  }
  return [...faults, ...watched.unknownFields().map((path) => `the field ${path} is unknown`)];
}

async function modelOf(apiVersion: string, kind: string): Promise<Model | undefined> {
  const [group = ""] = apiVersion.split("/");
  const source = `${PACKAGES[group] ?? "kubernetes-models"}/${apiVersion}/${kind}`;
  try {
    return ((await import(source)) as Record<string, Model>)[kind];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith("ERR_")) return undefined;
    throw error;
  }
}

function describe(error: unknown): string[] {
  const errors = isMapping(error) && Array.isArray(error.errors) ? error.errors : undefined;
  if (!errors) return [error instanceof Error ? error.message : String(error)];
  return errors.map((entry: { instancePath?: string; message?: string; params?: Mapping }) => {
    const path = (entry.instancePath ?? "").slice(1).replaceAll("/", ".") || "the object";
    return `${path} ${entry.message ?? JSON.stringify(entry.params)}`;
  });
}

/** Notes which fields of a tree of objects a reader asks for. */
class Watched {
  readonly #nodes: { path: string; target: Mapping; read: Set<string>; isWalked: boolean }[] = [];
  readonly #proxies = new WeakMap<object, unknown>();

  wrap(value: unknown, path: string): unknown {
    if (typeof value !== "object" || value === null) return value;
    const known = this.#proxies.get(value);
    if (known) return known;
    const proxy = Array.isArray(value)
      ? this.#wrapArray(value, path)
      : this.#wrapMap(value as Mapping, path);
    this.#proxies.set(value, proxy);
    return proxy;
  }

  /** A map that is walked is open; one that nobody looked into is free-form. */
  unknownFields(): string[] {
    return this.#nodes
      .filter(({ isWalked, read }) => !isWalked && read.size > 0)
      .flatMap(({ path, target, read }) =>
        Object.keys(target)
          .filter((key) => !read.has(key))
          .map((key) => `${path}${key}`),
      );
  }

  #wrapMap(target: Mapping, path: string): unknown {
    const node = { path, target, read: new Set<string>(), isWalked: false };
    this.#nodes.push(node);
    return new Proxy(target, {
      get: (_, key) => {
        if (typeof key === "symbol") return undefined;
        node.read.add(key);
        return this.wrap(target[key], `${path}${key}.`);
      },
      ownKeys: () => {
        node.isWalked = true;
        return Reflect.ownKeys(target);
      },
    });
  }

  #wrapArray(target: readonly unknown[], path: string): unknown {
    return new Proxy(target, {
      get: (_, key) => {
        const value: unknown = Reflect.get(target, key);
        const isItem = typeof key === "string" && /^\d+$/.test(key);
        return isItem ? this.wrap(value, `${path.slice(0, -1)}[${key}].`) : value;
      },
    });
  }
}

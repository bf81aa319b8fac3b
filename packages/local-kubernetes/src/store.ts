/** All objects, their versions, and what has changed lately: what etcd and the watch cache are to a real server. */
import type { KindName } from "./kind-names.ts";
import { keyOfObject, type StoredObject } from "./objects.ts";

export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: KindName;
  readonly object: StoredObject;
  /** As it was; undefined when it was added. */
  readonly before: StoredObject | undefined;
  readonly version: number;
}

/** How many changes a watch can be behind. */
const REMEMBERED = 5000;

export class Store {
  readonly #objects = new Map<KindName, Map<string, StoredObject>>();
  readonly #listeners = new Set<(change: Change) => void>();
  #changes: Change[] = [];
  /** Changes that listeners have made while they were told of others: told after those. */
  #untold: Change[] = [];
  #isTelling = false;
  #version: number;
  /** Changes up to this version are forgotten. */
  #forgotten: number;

  /** @param firstVersion higher than any that a run before can have told: its watches must not seem to go on. */
  constructor(firstVersion: number) {
    this.#version = firstVersion;
    this.#forgotten = firstVersion;
  }

  get version(): number {
    return this.#version;
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  get(kind: KindName, key: string): StoredObject | undefined {
    return this.#objects.get(kind)?.get(key);
  }

  /** The oldest first. */
  all(kind: KindName): StoredObject[] {
    return [...(this.#objects.get(kind)?.values() ?? [])];
  }

  /** In the order of their names, as etcd has them. */
  allByName(kind: KindName): StoredObject[] {
    const objects = [...(this.#objects.get(kind) ?? [])];
    return objects.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Adds it or puts it in the place of what has its name. What has not changed keeps its version. */
  put(kind: KindName, object: StoredObject): StoredObject {
    const key = keyOfObject(object);
    const before = this.get(kind, key);
    if (before !== undefined && isSame(before, object)) return before;
    const stored = this.#versioned(object);
    const objects = this.#objects.get(kind) ?? new Map<string, StoredObject>();
    this.#objects.set(kind, objects.set(key, stored));
    this.#tell({
      type: before === undefined ? "ADDED" : "MODIFIED",
      kind,
      object: stored,
      before,
      version: this.#version,
    });
    return stored;
  }

  /** Changes what is still there; what has gone meanwhile, or another one has its name, is left alone. */
  update(kind: KindName, object: StoredObject): StoredObject {
    const there = this.get(kind, keyOfObject(object));
    return there?.metadata.uid === object.metadata.uid ? this.put(kind, object) : object;
  }

  remove(kind: KindName, key: string): StoredObject | undefined {
    const before = this.get(kind, key);
    if (before === undefined) return undefined;
    this.#objects.get(kind)?.delete(key);
    const object = this.#versioned(before);
    this.#tell({ type: "DELETED", kind, object, before, version: this.#version });
    return object;
  }

  /** Changes after this version, oldest first. */
  changesAfter(version: number): readonly Change[] {
    return this.#changes.filter((change) => change.version > version);
  }

  /** Forgets what has changed: whoever asks for changes since then hears that they are gone. */
  forget(): void {
    this.#changes = [];
    this.#forgotten = this.#version;
  }

  /** Told of each change, in order. Returns how to end that. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #versioned(object: StoredObject): StoredObject {
    this.#version++;
    const resourceVersion = String(this.#version);
    return { ...object, metadata: { ...object.metadata, resourceVersion } };
  }

  #tell(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length > 2 * REMEMBERED) {
      this.#changes = this.#changes.slice(-REMEMBERED);
      this.#forgotten = (this.#changes[0]?.version ?? this.#version) - 1;
    }
    this.#untold.push(change);
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
        for (const listener of [...this.#listeners]) listener(next);
      }
    } finally {
      this.#isTelling = false;
    }
  }
}

const isSame = (a: StoredObject, b: StoredObject): boolean =>
  JSON.stringify(withoutVersion(a)) === JSON.stringify(withoutVersion(b));

const withoutVersion = (object: StoredObject): object => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: "" },
});

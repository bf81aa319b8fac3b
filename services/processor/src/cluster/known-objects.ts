/** What is known of the objects of a kind, and what a list or an event changes in it. */
import type { Kind, Kinds, Listener } from "./cluster.ts";
import { KINDS, keyOf } from "./kinds.ts";
import type { Raw } from "./raw.ts";

export class KnownObjects<K extends Kind> {
  readonly #known = new Map<string, Kinds[K]>();
  readonly #kind: K;
  readonly #listener: Listener<Kinds[K]>;
  readonly #onFault: (error: Error) => void;

  /** @param onFault what the listener throws. */
  constructor(kind: K, listener: Listener<Kinds[K]>, onFault: (error: Error) => void) {
    this.#kind = kind;
    this.#listener = listener;
    this.#onFault = onFault;
  }

  get all(): ReadonlyMap<string, Kinds[K]> {
    return this.#known;
  }

  /** They are all that there is. */
  replaceBy(objects: readonly Kinds[K][]): void {
    const left = new Set(this.#known.keys());
    for (const object of objects) {
      left.delete(keyOf(object));
      this.#put(object);
    }
    for (const key of left) this.#drop(key);
  }

  changed(raw: Raw): void {
    this.#put(KINDS[this.#kind].strip(raw));
  }

  deleted(raw: Raw): void {
    const object = KINDS[this.#kind].strip(raw);
    const key = keyOf(object);
    // an old event of an object whose name another one has by now
    if (this.#known.get(key)?.metadata.uid === object.metadata.uid) this.#drop(key, object);
  }

  #put(object: Kinds[K]): void {
    const key = keyOf(object);
    let before = this.#known.get(key);
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    if (before !== undefined && before.metadata.uid !== object.metadata.uid) {
      // nobody has told of the end of the one before
      this.#drop(key);
      before = undefined;
    }
    this.#known.set(key, object);
    this.#tell(() => this.#listener.changed(object, before));
  }

  #drop(key: string, last = this.#known.get(key)): void {
    this.#known.delete(key);
    if (last !== undefined) this.#tell(() => this.#listener.removed(last));
  }

  #tell(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#onFault(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

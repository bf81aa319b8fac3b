/** Secrets as a kubelet knows them: some time after they have changed. Who looks at once sees what was. */
import { keyOfObject, type StoredObject } from "../objects.ts";
import type { World } from "../world.ts";

export interface SecretCache {
  get(key: string): StoredObject | undefined;
  close(): void;
}

export function createSecretCache({ store }: World, delayMs: number): SecretCache {
  const known = new Map<string, StoredObject>();
  const timers = new Set<NodeJS.Timeout>();
  const stopWatching = store.onChange(({ kind, type, object }) => {
    // what a kubelet has never asked for it has to ask for now
    const isNew = type === "ADDED";
    if (kind !== "secrets" || delayMs === 0 || isNew) return;
    const key = keyOfObject(object);
    const timer = setTimeout(() => {
      timers.delete(timer);
      known.delete(key);
    }, delayMs).unref();
    timers.add(timer);
  });
  return {
    get(key) {
      const now = store.get("secrets", key);
      if (delayMs === 0 || now === undefined) return now;
      const seen = known.get(key) ?? now;
      known.set(key, seen);
      return seen;
    },
    close() {
      stopWatching();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

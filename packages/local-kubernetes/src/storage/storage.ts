/** Plays what stands behind claims and snapshots: provisioner, snapshot controller, resizer, and the driver under them. */
import { claimsOf, isBound } from "../claims.ts";
import { isFinal, type PodObject, type StoredObject } from "../objects.ts";
import { createRecorder } from "../recorder.ts";
import type { Volumes } from "../volumes.ts";
import type { World } from "../world.ts";
import { growClaim } from "./grow-claim.ts";
import { provision } from "./provision.ts";
import { releaseClaim } from "./release-claim.ts";
import type { StorageWorld } from "./storage-world.ts";
import { removeSnapshot, takeSnapshot } from "./take-snapshot.ts";

export interface StorageOptions {
  /** Whether claims are bound; without a storage class, a real server's stay pending. */
  readonly binds: boolean;
  /** Undefined where no pod runs. */
  readonly volumes: Volumes | undefined;
  /** How long after a failure it is tried again. */
  readonly retryMs: number;
}

const WATCHED = ["persistentvolumeclaims", "pods", "volumesnapshots", "volumesnapshotclasses"];

/** Returns how to stop it. */
export function startStorage(world: World, options: StorageOptions): () => void {
  const { binds, volumes, retryMs } = options;
  const { store } = world;
  const timers = new Set<NodeJS.Timeout>();
  const readers = new Map<string, number>();
  const tellings = new Set<string>();
  /** Objects that are worked on, and whether they have changed meanwhile. */
  const busy = new Map<string, boolean>();
  /** Those that are tried again after a while. */
  const resting = new Set<string>();
  let isStopped = false;
  const later = (delayMs: number, work: () => void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, delayMs).unref();
    timers.add(timer);
  };
  const deps: StorageWorld = {
    world,
    volumes,
    record: createRecorder(world, "storage"),
    usersOf: (claim) =>
      (store.all("pods") as PodObject[]).filter(
        (pod) =>
          pod.metadata.namespace === claim.metadata.namespace &&
          !isFinal(pod) &&
          claimsOf(pod).includes(claim.metadata.name),
      ),
    isRead: ({ metadata }) => readers.has(metadata.uid),
    async reading({ metadata: { uid } }, work) {
      readers.set(uid, (readers.get(uid) ?? 0) + 1);
      try {
        return await work();
      } finally {
        const left = (readers.get(uid) ?? 1) - 1;
        if (left > 0) readers.set(uid, left);
        else readers.delete(uid);
      }
    },
    wait: (delayMs) => new Promise((resolve) => later(delayMs, resolve)),
    recordOnce(object, reason, message) {
      const told = `${object.metadata.uid} ${reason}`;
      if (!tellings.has(told)) deps.record(object, "Normal", reason, message);
      tellings.add(told);
    },
  };
  /** One piece of work an object at a time; what is not done is done again after a while. */
  const once = ({ metadata: { uid } }: StoredObject, work: () => boolean | Promise<boolean>) => {
    if (busy.has(uid)) return void busy.set(uid, true);
    if (resting.has(uid)) return;
    busy.set(uid, false);
    void Promise.resolve(work()).then((isDone) => {
      const hasChanged = busy.get(uid);
      busy.delete(uid);
      if (!isDone) resting.add(uid);
      if (!isDone) later(retryMs, () => resting.delete(uid) && lookSoon());
      if (hasChanged) lookSoon();
    });
  };
  const lookAtClaim = (claim: StoredObject) => {
    if (claim.metadata.deletionTimestamp !== undefined) releaseClaim(deps, claim);
    else if (isBound(claim)) once(claim, () => growClaim(deps, claim));
    else if (binds) once(claim, () => provision(deps, claim));
  };
  const lookAtSnapshot = (snapshot: StoredObject) => {
    const { uid, deletionTimestamp } = snapshot.metadata;
    if (deletionTimestamp === undefined) once(snapshot, () => takeSnapshot(deps, snapshot));
    else if (busy.has(uid)) busy.set(uid, true);
    else removeSnapshot(deps, snapshot);
  };
  const look = () => {
    due = undefined;
    for (const claim of store.all("persistentvolumeclaims")) lookAtClaim(claim);
    for (const snapshot of store.all("volumesnapshots")) lookAtSnapshot(snapshot);
  };
  // those that were kept may have been left half done
  let due: NodeJS.Immediate | undefined = setImmediate(look);
  const lookSoon = () => {
    if (!isStopped) due ??= setImmediate(look);
  };
  world.storage.onChange(() => {
    resting.clear();
    lookSoon();
  });
  const stopWatching = store.onChange(({ kind, type, object }) => {
    if (type === "DELETED") volumes?.drop(object);
    else volumes?.keep(object);
    if (WATCHED.includes(kind)) lookSoon();
  });
  return () => {
    isStopped = true;
    stopWatching();
    clearImmediate(due);
    for (const timer of timers) clearTimeout(timer);
  };
}

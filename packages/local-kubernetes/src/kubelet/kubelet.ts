/** Plays the kubelets of all nodes: pods that are bound to one run, as processes of this machine. */
import { randomInt } from "node:crypto";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyOfObject, type PodObject } from "../objects.ts";
import { createRecorder } from "../recorder.ts";
import type { SshdProgram } from "../ssh/sshd-program.ts";
import { openVolumes, type Volumes } from "../volumes.ts";
import type { World } from "../world.ts";
import type { ContainerLog } from "./container-log.ts";
import { processUser } from "./container-process.ts";
import { startGuardian } from "./guardian.ts";
import type { ImageFault } from "./images.ts";
import { PodRun } from "./pod-run.ts";
import { createSecretCache } from "./secret-cache.ts";

export interface KubeletOptions {
  /** How long an image takes to come. */
  readonly pullMs: number;
  /** How long a container runs before it is ready. */
  readonly readyMs: number;
  /** How long after an image or a Secret that is not there it is looked for again. */
  readonly retryMs: number;
  /** How long after a Secret's change a kubelet knows of it. */
  readonly secretDelayMs: number;
  /** Where claims and their volumes are kept; undefined: nowhere beyond this run. */
  readonly volumesFolder: string | undefined;
  /** Of this machine; a sentence where there is none. */
  readonly sshd: SshdProgram | string;
}

export interface Kubelet {
  readonly volumes: Volumes;
  /** Image faults that are on. */
  imageFaults: readonly ImageFault[];
  /** Undefined for a pod that has not begun here. */
  logOf(uid: string, container: string): ContainerLog | undefined;
  /** Throws for a pod that does not run here. */
  runOf(namespace: string, name: string): PodRun;
  /** Nobody hears of its pods, and they hear nothing. */
  lose(node: string): void;
  /** What its pods did meanwhile is told now. */
  find(node: string): void;
  isLost(node: string): boolean;
  close(): Promise<void>;
}

/** 127.64.0.0 to 127.95.255.255. */
const ADDRESSES = 32 * 65_536;

export function startKubelet(world: World, options: KubeletOptions): Kubelet {
  const folder = mkdtempSync(join(tmpdir(), "airlock-pods-"));
  // others may go through, to the folders that are theirs
  chmodSync(folder, 0o711);
  const mark = folder.slice(folder.lastIndexOf("-") + 1);
  const guardian = startGuardian(mark, folder);
  const user = processUser();
  const volumes = openVolumes(options.volumesFolder ?? join(folder, "volumes"), user, world.store);
  const secrets = createSecretCache(world, options.secretDelayMs);
  const record = createRecorder(world, "kubelet");
  const runs = new Map<string, PodRun>();
  const lost = new Set<string>();
  let imageFaults: readonly ImageFault[] = [];
  // another cluster of this machine has others
  let addresses = randomInt(ADDRESSES);
  let isClosed = false;

  /** Linux answers on all of 127/8; elsewhere there is one address. */
  const nextAddress = () => {
    addresses = (addresses + 1) % ADDRESSES;
    return process.platform === "linux"
      ? `127.${64 + (addresses >> 16)}.${(addresses >> 8) % 256}.${addresses % 256}`
      : "127.0.0.1";
  };
  const begin = (pod: PodObject) => {
    const run = new PodRun(pod, {
      world,
      record,
      guardian,
      user,
      volumes,
      secrets,
      mark,
      folder,
      podIP: nextAddress(),
      ...options,
      imageFaults: () => imageFaults,
      isLost: (node) => lost.has(node),
    });
    runs.set(pod.metadata.uid, run);
    run.begin();
  };
  const look = (pod: PodObject, before: PodObject | undefined) => {
    const { uid, deletionTimestamp } = pod.metadata;
    const { nodeName } = pod.spec;
    if (isClosed || !nodeName || lost.has(nodeName)) return;
    const run = runs.get(uid);
    if (run !== undefined) run.changed(pod, before);
    else if (deletionTimestamp === undefined) begin(pod);
  };
  const stopWatching = world.store.onChange(({ kind, type, object, before }) => {
    if (kind !== "pods") return;
    if (type !== "DELETED") return look(object as PodObject, before as PodObject | undefined);
    runs.get(object.metadata.uid)?.vanish();
    runs.delete(object.metadata.uid);
  });

  return {
    volumes,
    get imageFaults() {
      return imageFaults;
    },
    set imageFaults(faults) {
      imageFaults = faults;
    },
    logOf: (uid, container) =>
      runs
        .get(uid)
        ?.containers.find(({ name, phase }) => name === container && phase.is !== "waiting")?.log,
    runOf(namespace, name) {
      const pod = world.store.get("pods", `${namespace}/${name}`);
      const run = pod && runs.get(pod.metadata.uid);
      if (run === undefined) throw new Error(`no pod ${namespace}/${name} runs here`);
      return run;
    },
    lose: (node) => void lost.add(node),
    find(node) {
      lost.delete(node);
      for (const pod of world.store.all("pods") as PodObject[]) {
        if (pod.spec.nodeName !== node) continue;
        runs.get(pod.metadata.uid)?.publish();
        const now = world.store.get("pods", keyOfObject(pod));
        if (now !== undefined) look(now as PodObject, undefined);
      }
    },
    isLost: (node) => lost.has(node),
    async close() {
      isClosed = true;
      stopWatching();
      secrets.close();
      for (const run of runs.values()) run.vanish();
      await guardian.close();
    },
  };
}

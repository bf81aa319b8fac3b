/** Starts the stand-in: the API on a port, and what plays scheduler, kubelets, garbage collector and storage behind it. */
import { type LocalKubernetesControls, makeControls } from "./controls.ts";
import { FaultBook } from "./faults/fault-book.ts";
import { startGarbageCollector } from "./garbage.ts";
import { startKubelet } from "./kubelet/kubelet.ts";
import { createNodes, type NodeSpec } from "./nodes.ts";
import { RequestLog } from "./request-log.ts";
import { startScheduler } from "./scheduler/scheduler.ts";
import type { Words } from "./scheduler/sentences.ts";
import { listen } from "./server.ts";
import { startServicePorts } from "./service-ports.ts";
import { findSshd, type SshdProgram } from "./ssh/sshd-program.ts";
import { snapshotClass } from "./storage/snapshot-class.ts";
import { startStorage } from "./storage/storage.ts";
import { StoragePlay, type StoragePlayInput } from "./storage/storage-play.ts";
import { Store } from "./store.ts";
import type { World } from "./world.ts";

export interface LocalKubernetesOptions {
  /** Default 127.0.0.1: whoever reaches the port runs commands on this machine. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `jobs` alone. */
  readonly namespaces?: readonly string[];
  readonly nodes?: readonly NodeSpec[];
  /** Default true. False: pods stay as they are bound, and a test writes their status. */
  readonly hasKubelet?: boolean;
  /** How long after a Secret's change a kubelet that looks sees it. Default 0. */
  readonly secretDelayMs?: number;
  /** How the storage behaves, as `storage.set` takes it. */
  readonly storage?: StoragePlayInput;
  /** Names of snapshot classes; the first is the default one. Default `local` alone. */
  readonly snapshotClasses?: readonly string[];
  /** Where claims, snapshots and their volumes are kept, to be there again. Default: they go with this stand-in. */
  readonly volumesFolder?: string;
  /** Default true: claims are bound at once. */
  readonly bindsClaims?: boolean;
  /** How the scheduler words it. Default `new`. */
  readonly schedulerWords?: Words;
  /** How long an image takes to come. Default 50 ms. */
  readonly pullMs?: number;
  /** How long a container runs before it is ready. Default 0. */
  readonly readyMs?: number;
  /** How long after an image or a Secret that is not there it is looked for again, or a volume is tried again. Default 2 s. */
  readonly retryMs?: number;
  /** What answers at a port `ssh`; a sentence says that there is none, and why. Default: this machine's, if it has one. */
  readonly sshd?: SshdProgram | string;
  /** Default one minute, as a real server. */
  readonly bookmarkMs?: number;
  /** Bearer tokens that are believed. Default: nobody has to say who they are. */
  readonly tokens?: readonly string[];
  /** Those of somebody who is known and may do nothing. */
  readonly powerlessTokens?: readonly string[];
  /** Default Date.now. */
  readonly now?: () => number;
  /** Decides requests under a fault with a `rate`. Default Math.random. */
  readonly random?: () => number;
}

export interface LocalKubernetes extends LocalKubernetesControls {
  /** `http://host:port`. */
  readonly url: string;
  readonly port: number;
  /** A kubeconfig for it, as YAML. @param token the first that is believed, where one is needed. */
  kubeconfig(namespace?: string): string;
  /** Ends at once: connections are destroyed, pods' processes are killed. */
  close(): Promise<void>;
}

const VERSION = "v1.34.0-local";

/** Rejects with the error of `listen` (EADDRINUSE, EACCES, …). */
export async function startLocalKubernetes(
  options: LocalKubernetesOptions = {},
): Promise<LocalKubernetes> {
  const now = options.now ?? Date.now;
  const namespaces = options.namespaces ?? ["jobs"];
  const retryMs = options.retryMs ?? 2000;
  const world: World = {
    // in microseconds, so that versions of a run before are older than all of this one
    store: new Store(Math.floor(now() * 1000)),
    faults: new FaultBook(options.random ?? Math.random),
    requests: new RequestLog(),
    storage: new StoragePlay(options.storage ?? {}),
    namespaces: new Map(namespaces.map((name) => [name, { isTerminating: false }])),
    quotas: new Map(),
    tokens: options.tokens,
    powerless: options.powerlessTokens ?? [],
    now,
    version: VERSION,
    bookmarkMs: options.bookmarkMs ?? 60_000,
  };
  const kubelet =
    options.hasKubelet === false
      ? undefined
      : startKubelet(world, {
          pullMs: options.pullMs ?? 50,
          readyMs: options.readyMs ?? 0,
          retryMs,
          secretDelayMs: options.secretDelayMs ?? 0,
          volumesFolder: options.volumesFolder,
          sshd: options.sshd ?? findSshd(),
        });
  const nodes = createNodes(world, kubelet);
  for (const node of options.nodes ?? []) nodes.add(node);
  (options.snapshotClasses ?? ["local"]).forEach((name, index) => {
    world.store.put("volumesnapshotclasses", snapshotClass(name, index === 0, now()));
  });
  const stops = [
    startScheduler(world, options.schedulerWords ?? "new"),
    startGarbageCollector(world),
    startStorage(world, {
      binds: options.bindsClaims ?? true,
      volumes: kubelet?.volumes,
      retryMs,
    }),
    () => nodes.close(),
    ...(kubelet === undefined ? [] : [startServicePorts(world, kubelet)]),
  ];
  const controls = makeControls(world, kubelet, nodes);
  const stopAll = async () => {
    for (const stop of stops) stop();
    await kubelet?.close();
  };
  try {
    const { host = "127.0.0.1", port = 0 } = options;
    const server = await listen({ world, kubelet, controls, host, port });
    return {
      ...controls,
      url: server.url,
      port: server.port,
      kubeconfig: (namespace = namespaces[0]) =>
        kubeconfigOf(server.url, namespace, world.tokens?.[0]),
      async close() {
        await server.close();
        await stopAll();
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function kubeconfigOf(
  server: string,
  namespace: string | undefined,
  token: string | undefined,
): string {
  // YAML holds JSON, and this is the part of it without surprises
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "local", cluster: { server } }],
    users: [{ name: "local", user: token === undefined ? {} : { token } }],
    contexts: [{ name: "local", context: { cluster: "local", user: "local", namespace } }],
    "current-context": "local",
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

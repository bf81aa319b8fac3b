/** All that a processor does, put together: orders in, jobs reconciled, nodes given, duties done. */
import {
  callForDisks,
  deleteGoneNodes,
  deleteOldFaults,
  ERASE_DUTY,
  listWaitingTypes,
  type OrderRules,
  readStarts,
  retireSnapshots,
  type Sealer,
  type StartRow,
  type Store,
} from "@airlock/jobs-store";
import type { Cluster } from "./cluster/index.ts";
import { createDiskReconciler, type DiskReconcilerOptions } from "./disks/disk-reconciler.ts";
import type { DiskRules } from "./disks/disk-rules.ts";
import { runDuties } from "./duties/duties.ts";
import { eraseUsers } from "./duties/erase-users.ts";
import { type Sweep, sweepOrphans } from "./duties/sweep-orphans.ts";
import { createDiskInbox, createInbox, type InboxOptions } from "./inbox/inbox.ts";
import type { Log } from "./log.ts";
import { type Loop, startLoop } from "./loop.ts";
import { createMachineTypes } from "./machine-types.ts";
import { observe } from "./observe/observe.ts";
import { countForeignPods } from "./placement/foreign-pods.ts";
import { countUnbookedPods, ownPodsOf } from "./placement/own-pods.ts";
import { placeType } from "./placement/place-type.ts";
import { createPromises } from "./placement/promises.ts";
import type { PodRules } from "./pod/pod-wish.ts";
import type { Limits } from "./reconcile/job-view.ts";
import type { Access } from "./reconciler/make-pod.ts";
import { createReconciler, type ReconcilerOptions } from "./reconciler/reconciler.ts";

export interface ProcessorOptions {
  readonly store: Store;
  readonly cluster: Cluster;
  readonly sealer: Sealer;
  readonly queue: string;
  readonly diskQueue: string;
  readonly diskRules: DiskRules;
  readonly leaseSeconds: number;
  readonly maxHours: number;
  /** How long is known what went wrong with an order, and which nodes there were. */
  readonly keepOrdersDays: number;
  readonly atOnce: number;
  /** How often is looked, whatever is heard. */
  readonly pollMs: number;
  readonly limits: Limits;
  readonly rules: PodRules;
  readonly access: Access;
  readonly order: OrderRules;
  readonly countsForeignPods?: boolean;
  readonly log: Log;
  readonly onOrders?: InboxOptions["onOrders"];
  readonly onStep?: ReconcilerOptions["onStep"];
  readonly onDiskStep?: DiskReconcilerOptions["onStep"];
  readonly onSnapshot?: DiskReconcilerOptions["onSnapshot"];
  readonly onSweep?: (swept: Sweep) => void;
  readonly onActive?: ReconcilerOptions["onActive"];
  /** Jobs have got their nodes. */
  readonly onStarts?: (starts: readonly StartRow[]) => void;
  /** A round of a loop has come to its end. */
  readonly onRound?: (loop: LoopName) => void;
}

/** What it does again and again. */
export const LOOPS = ["reconcile", "placement", "inbox", "disks", "disk inbox", "duties"] as const;
export type LoopName = (typeof LOOPS)[number];

export interface Processor {
  /** It has seen the cluster, and works. */
  readonly isReady: boolean;
  /** Something was put on one of the queues. */
  hearBell(): void;
  /** Ends what is in work, and begins nothing more. */
  stop(): Promise<void>;
}

const PLACEMENT_PERIOD_MS = 5000;
const DUTIES_PERIOD_MS = 5000;
const ORPHANS_PERIOD_SECONDS = 60;
/** Of what is no booking: whoever asks what is free goes by what was counted. */
const COUNTS_PERIOD_SECONDS = 15;
const FORGET_PERIOD_SECONDS = 60;
const ERASE_PERIOD_SECONDS = 30;
const DISKS_PERIOD_SECONDS = 60;
/** At a time, so that it keeps nobody waiting. */
const FORGET_ROWS = 500;

export function startProcessor(options: ProcessorOptions): Processor {
  const { store, cluster, sealer, log, pollMs, leaseSeconds } = options;
  const types = createMachineTypes(store);
  const loops: Loop[] = [];
  const begin = (name: LoopName, periodMs: number, work: () => Promise<boolean>): Loop => {
    const round = async () => {
      // nothing is decided before the cluster has been seen
      if (!observer.isReady) return false;
      const hasMore = await work();
      options.onRound?.(name);
      return hasMore;
    };
    const loop = startLoop({ name, periodMs, log, work: round });
    loops.push(loop);
    return loop;
  };
  const observer = observe({
    store,
    cluster,
    types,
    log,
    onCalled: () => reconciling.nudge(),
    onNodes: () => {
      for (const loop of loops) loop.nudge();
    },
  });

  const reconciler = createReconciler({
    store,
    cluster,
    sealer,
    log,
    leaseSeconds,
    rules: options.rules,
    access: options.access,
    limits: options.limits,
    atOnce: options.atOnce,
    machineType: types.find,
    nodes: observer.nodes,
    takesSnapshots: options.diskRules.takesSnapshots,
    onFreed() {
      placing.nudge();
      seeingToDisks.nudge();
    },
    onPlace: () => reconciling.nudge(),
    ...(options.onStep && { onStep: options.onStep }),
    ...(options.onActive && { onActive: options.onActive }),
  });
  const readInbox = createInbox({
    store,
    queue: options.queue,
    holdSeconds: leaseSeconds,
    maxHours: options.maxHours,
    log,
    onOrders(action, outcome, count) {
      options.onOrders?.(action, outcome, count);
      if (outcome !== "done") return;
      placing.nudge();
      reconciling.nudge();
    },
  });

  const promise = createPromises({ store, rules: options.order });
  const reconciling = begin("reconcile", pollMs, () => reconciler.take());
  const placing = begin("placement", PLACEMENT_PERIOD_MS, async () => {
    const isGpu = await types.gpuNames();
    const ownPods = () => ownPodsOf(observer.pods(), isGpu);
    const { namespace } = cluster;
    for (const gpuType of await listWaitingTypes(store.pool)) {
      const rules = options.order;
      const outcome = await placeType({ store, namespace, ownPods, rules }, gpuType);
      store.ringForJobs(outcome?.told ?? []);
      if (outcome && outcome.placed > 0) {
        reconciling.nudge();
        if (options.onStarts) options.onStarts(await readStarts(store.pool, outcome.told));
      }
      if (outcome?.view) await promise(outcome.view);
    }
    return false;
  });
  const inbox = begin("inbox", pollMs, readInbox);
  const seeingToDisks = begin(
    "disks",
    pollMs,
    createDiskReconciler({
      store,
      cluster,
      rules: options.diskRules,
      leaseSeconds,
      log,
      onReady: () => placing.nudge(),
      ...(options.onDiskStep && { onStep: options.onDiskStep }),
      ...(options.onSnapshot && { onSnapshot: options.onSnapshot }),
    }),
  );
  const diskInbox = begin(
    "disk inbox",
    pollMs,
    createDiskInbox({
      store,
      queue: options.diskQueue,
      holdSeconds: leaseSeconds,
      log,
      onOrders(action, outcome, count) {
        options.onOrders?.(action, outcome, count);
        if (outcome === "done") seeingToDisks.nudge();
      },
    }),
  );
  const foreign = {
    name: "foreign pods",
    periodSeconds: COUNTS_PERIOD_SECONDS,
    run: async () => countForeignPods(cluster, store, await types.gpuNames()),
  };
  const unbooked = {
    name: "unbooked pods",
    periodSeconds: COUNTS_PERIOD_SECONDS,
    run: async () => countUnbookedPods(store, observer.pods(), await types.gpuNames()),
  };
  // whatever else is old jobs forgets, in passing; of this only a processor has the right
  const forget = {
    name: "old faults",
    periodSeconds: FORGET_PERIOD_SECONDS,
    run: () =>
      deleteOldFaults(store.pool, { olderThanDays: options.keepOrdersDays, limit: FORGET_ROWS }),
  };
  const forgetNodes = {
    name: "gone nodes",
    periodSeconds: FORGET_PERIOD_SECONDS,
    run: () =>
      deleteGoneNodes(store.pool, { olderThanDays: options.keepOrdersDays, limit: FORGET_ROWS }),
  };
  const callDisks = {
    name: "disks",
    periodSeconds: DISKS_PERIOD_SECONDS,
    async run() {
      await retireSnapshots(store.pool, options.diskRules.retention);
      await callForDisks(store.pool);
    },
  };
  begin("duties", DUTIES_PERIOD_MS, async () => {
    await runDuties(store, [
      {
        name: "orphans",
        periodSeconds: ORPHANS_PERIOD_SECONDS,
        run: async () => {
          options.onSweep?.(await sweepOrphans({ store, cluster, log }));
        },
      },
      unbooked,
      forget,
      forgetNodes,
      callDisks,
      {
        name: ERASE_DUTY,
        periodSeconds: ERASE_PERIOD_SECONDS,
        run: () => eraseUsers({ store, queue: options.queue, log }),
      },
      ...(options.countsForeignPods ? [foreign] : []),
    ]);
    return false;
  });

  return {
    get isReady() {
      return observer.isReady;
    },
    hearBell() {
      inbox.nudge();
      diskInbox.nudge();
    },
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
      await reconciler.settled();
      await observer.stop();
    },
  };
}

/** Gives the waiting jobs of one type their nodes: one writer at a time, whoever it is. */
import {
  amountOfRow,
  type BookingRow,
  bookPod,
  diskIsTaken,
  freeDisk,
  moveJob,
  type NodeRow,
  type OrderRules,
  type Placed,
  readClusterType,
  type Store,
  shareOf,
  type Transaction,
  type TypeView,
  takeDisk,
  tellWaitingJobs,
  viewOf,
  type WaitingJobRow,
} from "@airlock/jobs-store";
import type { OwnPod } from "./own-pods.ts";

export interface PlaceTypeDeps {
  readonly store: Store;
  /** Where pods are made. */
  readonly namespace: string;
  /** Pods of jobs that the cluster has, whatever the database knows of them. */
  readonly ownPods: () => readonly OwnPod[];
  readonly rules: OrderRules;
}

export interface PlacedNow {
  readonly placed: number;
  readonly waiting: number;
  /** Jobs to whose events this added. */
  readonly told: readonly string[];
  /** As it was before; undefined: nobody waited. */
  readonly view?: TypeView;
}

const LOCK =
  "SELECT pg_try_advisory_xact_lock(hashtextextended('airlock placement ' || $1, 0)) AS held";

/** @returns undefined while somebody else does it. */
export function placeType(deps: PlaceTypeDeps, gpuType: string): Promise<PlacedNow | undefined> {
  return deps.store.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ held: boolean }>(LOCK, [gpuType]);
    if (!rows[0]?.held) return undefined;
    const row = await readClusterType(transaction, gpuType);
    if (row === undefined || row.waiting.length === 0) return { placed: 0, waiting: 0, told: [] };
    const ownPods = deps.ownPods();
    const { found, others } = adopt(row.waiting, ownPods);
    const view = viewOf({ ...row, waiting: others }, deps.rules, unbooked(ownPods, row.bookings));
    for (const { job, pod } of found) {
      const amount = amountOn(row.nodes, pod.nodeName, job.gpu_count) ?? pod.amount;
      const placed = { jobId: job.reservation_id, nodeName: pod.nodeName, amount };
      // it has its disk already: its pod stands there
      await hasDisk(transaction, job);
      await book(transaction, deps, job, placed, pod.generation);
    }
    const words = new Map<string, string>();
    const told = found.map(({ job }) => job.reservation_id);
    for (const one of view.placement.placed) {
      const job = view.outlooks.get(one.jobId)?.job;
      if (job === undefined) continue;
      // one of another type may have been given it a moment ago
      if (!(await hasDisk(transaction, job))) words.set(one.jobId, diskIsTaken(job));
      else if (await book(transaction, deps, job, one, job.generation + 1)) told.push(one.jobId);
    }
    for (const [jobId, { startsNow, reason }] of view.outlooks) {
      if (!startsNow) words.set(jobId, reason.brief ?? reason.sentence);
    }
    const isNew = ([id, text]: readonly [string, string]) =>
      view.outlooks.get(id)?.job.current_detailed_status !== text;
    const placed = told.length;
    told.push(...(await tellWaitingJobs(transaction, new Map([...words].filter(isNew)))));
    return { placed, waiting: words.size, told, view };
  });
}

/**
 * A job that has a pod of a later generation than its row knows of: the database is older than the
 * cluster. The pod is the job's, and another one would be its second.
 */
function adopt(waiting: readonly WaitingJobRow[], pods: readonly OwnPod[]) {
  const found: { readonly job: WaitingJobRow; readonly pod: OwnPod }[] = [];
  const others: WaitingJobRow[] = [];
  for (const job of waiting) {
    const pod = pods.find(
      ({ jobId, generation }) => jobId === job.reservation_id && generation > job.generation,
    );
    if (pod && pod.nodeName !== "") found.push({ job, pod });
    // one that has no node yet will show where it gets one
    else if (!pod) others.push(job);
  }
  return { found, others };
}

/** What stands on a node without a booking has its part of it all the same. */
const unbooked = (pods: readonly OwnPod[], bookings: readonly BookingRow[]): OwnPod[] =>
  pods.filter(
    (pod) =>
      pod.nodeName !== "" &&
      !bookings.some(
        ({ reservation_id, generation }) =>
          reservation_id === pod.jobId && generation === pod.generation,
      ),
  );

/** Its own from now on. A job that asked for none has all that it needs. */
const hasDisk = async (
  transaction: Transaction,
  { disk_id: diskId, reservation_id: reservationId }: WaitingJobRow,
): Promise<boolean> => diskId === null || (await takeDisk(transaction, { diskId, reservationId }));

/** @returns false when it was cancelled a moment ago. */
async function book(
  transaction: Transaction,
  { namespace }: PlaceTypeDeps,
  { reservation_id: reservationId, pod_name: podName }: WaitingJobRow,
  { nodeName, amount }: Placed,
  generation: number,
): Promise<boolean> {
  const moved = await moveJob(transaction, {
    reservationId,
    from: ["queued", "pending"],
    to: "preparing",
    set: { generation, detailedStatus: `Gets its pod on ${nodeName}.` },
    dueInSeconds: 0,
    event: { kind: "placed", actor: "processor", data: { node: nodeName } },
  });
  if (moved === undefined) {
    await freeDisk(transaction, { reservationId, takesSnapshot: false });
    return false;
  }
  await bookPod(transaction, {
    reservationId,
    generation,
    namespace,
    podName,
    nodeName,
    ...amount,
  });
  return true;
}

function amountOn(nodes: readonly NodeRow[], name: string, gpus: number) {
  const node = nodes.find(({ node_name }) => node_name === name);
  return node && shareOf(amountOfRow(node), gpus);
}

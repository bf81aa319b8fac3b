/** Gives the waiting jobs of one type their nodes: one writer at a time, whoever it is. */
import {
  amountOfRow,
  type BookingRow,
  bookPod,
  byDisks,
  diskIsTaken,
  freeDisk,
  listBookings,
  listNodes,
  listWaitingJobs,
  moveJob,
  type NodeRow,
  type Placed,
  place,
  questionOf,
  type Store,
  shareOf,
  type Transaction,
  takeDisk,
  tellWaitingJobs,
  type WaitingJobRow,
  whyItWaits,
} from "@airlock/jobs-store";
import type { OwnPod } from "./own-pods.ts";

export interface PlaceTypeDeps {
  readonly store: Store;
  /** Where pods are made. */
  readonly namespace: string;
  /** Pods of jobs that the cluster has, whatever the database knows of them. */
  readonly ownPods: () => readonly OwnPod[];
}

export interface PlacedNow {
  readonly placed: number;
  readonly waiting: number;
  /** Jobs to whose events this added. */
  readonly told: readonly string[];
}

const LOCK =
  "SELECT pg_try_advisory_xact_lock(hashtextextended('airlock placement ' || $1, 0)) AS held";

/** @returns undefined while somebody else does it. */
export function placeType(deps: PlaceTypeDeps, gpuType: string): Promise<PlacedNow | undefined> {
  return deps.store.transaction(async (transaction) => {
    const { rows } = await transaction.query<{ held: boolean }>(LOCK, [gpuType]);
    if (!rows[0]?.held) return undefined;
    const all = await listWaitingJobs(transaction, gpuType);
    if (all.length === 0) return { placed: 0, waiting: 0, told: [] };
    const nodes = await listNodes(transaction, gpuType);
    const bookings = await listBookings(transaction, gpuType);
    const ownPods = deps.ownPods();
    const { found, others } = adopt(all, ownPods);
    const { able, waits } = byDisks(others);
    const question = questionOf({
      nodes,
      bookings,
      unbooked: unbooked(ownPods, bookings),
      waiting: able.map((job) => ({ jobId: job.reservation_id, gpus: job.gpu_count })),
    });
    const placement = place(question);
    const byId = new Map(all.map((job) => [job.reservation_id, job]));
    for (const { job, pod } of found) {
      const amount = amountOn(nodes, pod.nodeName, job.gpu_count) ?? pod.amount;
      const placed = { jobId: job.reservation_id, nodeName: pod.nodeName, amount };
      // it has its disk already: its pod stands there
      await hasDisk(transaction, job);
      await book(transaction, deps, job, placed, pod.generation);
    }
    const words = [...waits];
    const told = found.map(({ job }) => job.reservation_id);
    for (const placed of placement.placed) {
      const job = byId.get(placed.jobId);
      if (job === undefined) continue;
      // one of another type may have been given it a moment ago
      if (!(await hasDisk(transaction, job))) words.push([placed.jobId, diskIsTaken(job)]);
      else if (await book(transaction, deps, job, placed, job.generation + 1))
        told.push(placed.jobId);
    }
    for (const waits of placement.waits) {
      const gpus = byId.get(waits.jobId)?.gpu_count ?? 0;
      words.push([waits.jobId, whyItWaits(waits, { gpuType, gpus, question, placement })]);
    }
    const isNew = ([id, text]: readonly [string, string]) =>
      byId.get(id)?.current_detailed_status !== text;
    const placedNow = told.length;
    told.push(...(await tellWaitingJobs(transaction, new Map(words.filter(isNew)))));
    return { placed: placedNow, waiting: words.length, told };
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
    await freeDisk(transaction, reservationId);
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

/** What there is of each type, by the placement that would start a job now. */
import {
  type Availability,
  availabilityOf,
  byDisks,
  questionOf,
  unbookedOn,
} from "./placement/index.ts";
import type { Queryable } from "./queryable.ts";
import { type ClusterTypeRow, readCluster } from "./statements/cluster/read-cluster.ts";
import { WAITING_AT_ONCE } from "./statements/jobs/list-waiting-jobs.ts";

export type TypeAvailability = Omit<ClusterTypeRow, "nodes" | "bookings" | "waiting"> &
  Availability;

/** Also of types that are no longer offered: jobs may hold some still. */
export async function readAvailability(db: Queryable): Promise<TypeAvailability[]> {
  return (await readCluster(db)).map(({ nodes, bookings, waiting, ...type }) => {
    // what nobody looks at nobody starts a job on
    const seen = type.is_seen ? nodes : [];
    const { able } = byDisks(waiting.slice(0, WAITING_AT_ONCE));
    const question = questionOf({
      nodes: seen,
      bookings,
      unbooked: unbookedOn(seen),
      waiting: able.map((job) => ({ jobId: job.reservation_id, gpus: job.gpu_count })),
    });
    const availability = availabilityOf(question);
    // for their disks, or for those before them
    const considered = new Set<unknown>(able);
    const others = waiting.filter((job) => !considered.has(job));
    const queued = others.reduce((sum, { gpu_count }) => sum + Math.max(1, gpu_count), 0);
    return { ...type, ...availability, queued: availability.queued + queued };
  });
}

/** What there is of each type, by the placement that would start a job now. */
import { type Availability, availabilityOf, questionOf, unbookedOn } from "./placement/index.ts";
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
    const considered = waiting.slice(0, WAITING_AT_ONCE);
    const question = questionOf({
      nodes: seen,
      bookings,
      unbooked: unbookedOn(seen),
      waiting: considered.map((gpus, index) => ({ jobId: `${index}`, gpus })),
    });
    const availability = availabilityOf(question);
    const others = waiting.slice(WAITING_AT_ONCE).reduce((sum, gpus) => sum + Math.max(1, gpus), 0);
    return { ...type, ...availability, queued: availability.queued + others };
  });
}

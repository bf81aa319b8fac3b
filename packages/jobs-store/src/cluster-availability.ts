/** What there is of each type, by the placement that would start a job now. */
import {
  type Availability,
  availabilityOf,
  type OrderRules,
  type TypeView,
  viewOf,
} from "./placement/index.ts";
import type { Queryable } from "./queryable.ts";
import { type ClusterTypeRow, readCluster } from "./statements/cluster/read-cluster.ts";

export type TypeAvailability = Omit<
  ClusterTypeRow,
  "nodes" | "bookings" | "waiting" | "not_considered" | "owners" | "now_ms"
> &
  Availability;

/** Also of types that are no longer offered: jobs may hold some still. */
export const readViews = async (db: Queryable, rules: OrderRules): Promise<TypeView[]> =>
  (await readCluster(db)).map((row) => viewOf(row, rules));

export function typeAvailabilityOf(view: TypeView): TypeAvailability {
  const { nodes, bookings, waiting, not_considered, owners, now_ms, ...type } = view.row;
  return { ...type, ...availabilityOf(view) };
}

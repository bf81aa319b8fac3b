/** Disks whose deletion can be taken back. */
import type { Disks } from "@airlock/contract";

export const DELETED = "/v1/disks?deleted=true";

/** Of what is answered there: a service of the version before lists the others. */
export function onlyDeleted({ disks }: Disks): Disks {
  const deleted = disks.filter(({ is_deleted }) => is_deleted);
  return { disks: deleted, total: deleted.length };
}

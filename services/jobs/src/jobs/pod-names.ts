/** The name of a job's pod. */
import { createHash } from "node:crypto";

const PREFIX = "gpu-dev-";
const SHORT = 8;
const HASH_LENGTH = 16;

/** What people know a job by. */
export const shortNameOf = (reservationId: string): string =>
  PREFIX + reservationId.toLowerCase().slice(0, SHORT).replace(/-+$/, "");

/**
 * A label of DNS that no other id has: ids that begin alike, or differ in upper and lower case alone,
 * are different ids.
 */
export function podNameOf(reservationId: string): string {
  const hash = createHash("sha256").update(reservationId).digest("hex").slice(0, HASH_LENGTH);
  return `${shortNameOf(reservationId)}-${hash}`;
}

/** Names for the pod of a job. */
import { createHash } from "node:crypto";

const PREFIX = "gpu-dev-";
const SHORT = 8;
const LONGER = 13;
const HASH_LENGTH = 16;

/**
 * The best first: short as people know it, then longer, then one that hardly another id has. All
 * are valid labels of DNS.
 */
export function podNamesOf(reservationId: string): string[] {
  const id = reservationId.toLowerCase();
  const cut = (length: number) => id.slice(0, length).replace(/-+$/, "");
  // ids that differ in upper and lower case alone are different ids
  const hash = createHash("sha256").update(reservationId).digest("hex").slice(0, HASH_LENGTH);
  return [cut(SHORT), cut(LONGER), hash].map((end) => PREFIX + end);
}

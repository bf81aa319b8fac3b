/** What becomes of a creation whose name is taken. */
import { ClusterError } from "./cluster-error.ts";

/** Also by what is on its way out: look who has it. */
export const isTaken = (error: unknown): boolean =>
  error instanceof ClusterError &&
  (error.kind === "already_exists" || error.kind === "being_deleted");

/** What is there was made before by somebody who did not live to tell: names hold ids. @throws ClusterError */
export async function unlessThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!(error instanceof ClusterError && error.kind === "already_exists")) throw error;
  }
}

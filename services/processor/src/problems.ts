/** What the store throws, as a client of this service sees it. */
import { ProblemError } from "@airlock/contract";
import { StoreError } from "@airlock/jobs-store";

export function toProcessorProblem(error: unknown): unknown {
  if (!(error instanceof StoreError) || error.code === "failed") return error;
  return new ProblemError("database_unavailable", "The database does not answer; try again.", {
    headers: { "retry-after": "1" },
    cause: error,
  });
}

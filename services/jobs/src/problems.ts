/** Turns what the database and the validation of bodies throw into problems. */
import { ProblemError } from "@airlock/contract";
import { InvalidInputError } from "@airlock/http";
import { StoreError } from "@airlock/jobs-store";

const RETRY_AFTER = { "retry-after": "1" };

/** What it does not know it gives back. */
export function toJobsProblem(error: unknown): unknown {
  if (error instanceof StoreError) return storeProblem(error);
  if (!(error instanceof InvalidInputError) || error.validationContext !== "body") return error;
  return new ProblemError("invalid_body", error.message);
}

function storeProblem(error: StoreError): unknown {
  switch (error.code) {
    case "unavailable":
      return databaseUnavailable("Nothing was changed; try again.", error);
    case "crowded":
      return new ProblemError(
        "too_many_at_once",
        "So many requests of one user wait for their turn here that it did not come in time; send fewer at once.",
        { headers: RETRY_AFTER, cause: error },
      );
    case "unknown_outcome":
      return databaseUnavailable(
        "It is not known whether this was carried out; look, or send it again with its Idempotency-Key.",
        error,
      );
    default:
      return error;
  }
}

const databaseUnavailable = (detail: string, cause: StoreError) =>
  new ProblemError("database_unavailable", detail, { headers: RETRY_AFTER, cause });

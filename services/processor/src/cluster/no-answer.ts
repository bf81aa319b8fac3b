/** What it means that there was no whole answer. */
import { ClusterError } from "./cluster-error.ts";
import type { ExchangeError } from "./exchange.ts";
import { isChange, type Subject, what } from "./refusals.ts";

/** A change that was sent may have been carried out. */
export function withoutAnswer(
  subject: Subject,
  { why, wasSent, code }: ExchangeError,
): ClusterError {
  if (!wasSent) {
    const words = why === "late" ? "is not reached in time" : `cannot be reached (${code})`;
    return new ClusterError("unavailable", `The API server ${words}.`);
  }
  if (isChange(subject)) {
    return new ClusterError(
      "outcome_unknown",
      `The API server was asked to ${subject.verb} the ${what(subject)} and gave no answer (${code}): whether it did is not known.`,
    );
  }
  if (why === "too_large") {
    return new ClusterError("too_large", "The API server's answer is larger than is taken.");
  }
  return new ClusterError("unavailable", `The API server gave no answer (${code}).`);
}

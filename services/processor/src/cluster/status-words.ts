/** What the API says when it does not do what it was asked. */
import { listOf, numberOf, rawOf, textOf } from "./raw.ts";

/** A `Status` of the API, from a body or from an ERROR event; from proxies in between it may be anything. */
export interface StatusWords {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details: {
    readonly kind: string;
    readonly retryAfterSeconds: number;
    readonly causes: readonly Cause[];
  };
}

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export function readStatus(body: unknown, status: number): StatusWords {
  const raw = rawOf(body);
  const details = rawOf(raw.details);
  return {
    code: numberOf(raw.code) || status,
    reason: textOf(raw.reason),
    message: textOf(raw.message),
    details: {
      kind: textOf(details.kind),
      retryAfterSeconds: numberOf(details.retryAfterSeconds),
      causes: listOf(details.causes).map((cause) => ({
        reason: textOf(cause.reason),
        message: textOf(cause.message),
        field: textOf(cause.field),
      })),
    },
  };
}

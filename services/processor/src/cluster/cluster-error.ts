/** Why the cluster did not do what it was asked. */

/** What it means for whoever asked; FAILURES says more of each. */
export type FailureKind = keyof typeof FAILURES;

interface Meaning {
  /** Said again unchanged, it will be refused again: nothing is gained by waiting. */
  readonly isPermanent: boolean;
  /** Whether a change may have been carried out all the same. */
  readonly isDoubtful: boolean;
}

const REFUSED: Meaning = { isPermanent: true, isDoubtful: false };
const LATER: Meaning = { isPermanent: false, isDoubtful: false };

export const FAILURES = {
  /** Something else has the name. */
  already_exists: LATER,
  /** What has the name is on its way out. */
  being_deleted: LATER,
  /** The object is not the one meant (uid) or has changed (resourceVersion). */
  conflict: LATER,
  /** No such object; of `create`: no such namespace. */
  not_found: LATER,
  /** A version that the server no longer knows: list again. */
  gone: LATER,
  /** 429: too many calls; `retryAfterMs` is the server's wish. */
  throttled: LATER,
  /** The namespace's ResourceQuota is used up. */
  quota_exceeded: LATER,
  /** The namespace is being deleted. */
  namespace_terminating: LATER,
  /** An admission plug-in or webhook said no. */
  admission_denied: REFUSED,
  /** RBAC: the account may not. */
  forbidden: LATER,
  /** The token or certificate is not believed. */
  unauthorized: LATER,
  /** What was sent is not what this kind may be. */
  invalid: REFUSED,
  /** A container that has not begun has no log. */
  not_started: LATER,
  /** Nothing listens on the port of the pod. */
  port_closed: LATER,
  /** The answer is longer than it may be. */
  too_large: REFUSED,
  /** Nobody answers, or the server cannot now; a change was not carried out. */
  unavailable: LATER,
  /** No answer, or one that does not tell: a change may have been carried out. */
  outcome_unknown: { isPermanent: false, isDoubtful: true },
} as const satisfies Record<string, Meaning>;

export interface FailureDetails {
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** What the server asks to wait. */
  readonly retryAfterMs?: number | undefined;
}

/** `message` is a sentence for people: it holds no token, no address and nothing of what was sent but names. */
export class ClusterError extends Error {
  readonly kind: FailureKind;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, message: string, details: FailureDetails = {}) {
    super(message);
    this.name = "ClusterError";
    this.kind = kind;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Said again unchanged, it will be refused again. */
  get isPermanent(): boolean {
    return FAILURES[this.kind].isPermanent;
  }

  /** A change may have been carried out all the same. */
  get isDoubtful(): boolean {
    return FAILURES[this.kind].isDoubtful;
  }
}

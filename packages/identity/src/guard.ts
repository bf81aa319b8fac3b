/** A door: a prover finds who is calling; log and metrics learn how each check ended. */
import type { IdentityLog } from "./log.ts";

/** Who is let in, and what is known of them. */
export interface Allowed {
  readonly allow: true;
}

export interface Refused<Code extends string, Reason extends string> {
  readonly allow: false;
  /** 401 no or bad proof, 403 a good proof of somebody else, 503 it cannot be checked. */
  readonly status: 401 | 403 | 503;
  readonly code: Code;
  /** For the client, where there is more to say than the status does. */
  readonly detail?: string;
  /** For the log, not for the client. */
  readonly reason: Reason;
  /** `www-authenticate` of a refusal, `retry-after` of a 503. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How the log words a refusal, beside its reason. */
export interface RefusalLine {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly fields?: object;
}

type AnyRefused = Refused<string, string>;

/**
 * Finds who is calling by one kind of proof. Tells nobody: that is the guard's part. `Via` is what a request
 * came through and what that has found out, for a service behind such a thing.
 */
export interface Prover<A extends Allowed, R extends AnyRefused, Via = unknown> {
  /** Whose proof was good a moment ago, found without asking anybody; undefined where that is not known. */
  known(rawHeaders: readonly string[], via?: Via): A | undefined;
  /** Never rejects. */
  prove(rawHeaders: readonly string[], via?: Via): Promise<A | R>;
  lineOf(refused: R): RefusalLine;
  /** For /readyz: false only where nobody could be let in. */
  isReady(): boolean;
}

export interface Guard<A extends Allowed, R extends AnyRefused, Via = unknown> {
  /** Whoever was let in a moment ago, counted anew; undefined where that is not known. */
  known(rawHeaders: readonly string[], via?: Via): A | undefined;
  /** @param rawHeaders of Node's request: only they show a header that came twice. */
  check(rawHeaders: readonly string[], via?: Via): Promise<A | R>;
  /** For /readyz: false only where nobody could be let in. */
  isReady(): boolean;
}

export interface GuardOptions<Reason extends string> {
  readonly log: IdentityLog;
  /** Counts each checked request; the reasons are a closed list and may be labels. */
  readonly observe?: ((outcome: "verified" | Reason) => void) | undefined;
  readonly now?: (() => Date) | undefined;
}

/** A refusal is one line in so long for each reason, with the number of checks that it stands for. */
const LINE_EVERY_MS = 10_000;

export function createGuard<A extends Allowed, R extends AnyRefused, Via = unknown>(
  prover: Prover<A, R, Via>,
  { log, observe, now = () => new Date() }: GuardOptions<R["reason"]>,
): Guard<A, R, Via> {
  const told = new Map<string, { atMs: number; held: number }>();

  const tell = (refused: R) => {
    const reason: R["reason"] = refused.reason;
    observe?.(reason);
    const nowMs = now().getTime();
    const last = told.get(reason);
    if (last && nowMs - last.atMs < LINE_EVERY_MS) {
      last.held++;
      return;
    }
    told.set(reason, { atMs: nowMs, held: 0 });
    const { level, message, fields } = prover.lineOf(refused);
    log[level]({ reason, count: (last?.held ?? 0) + 1, ...fields }, message);
  };

  return {
    known(rawHeaders, via) {
      const found = prover.known(rawHeaders, via);
      if (found) observe?.("verified");
      return found;
    },
    async check(rawHeaders, via) {
      const found = await prover.prove(rawHeaders, via);
      if (found.allow) observe?.("verified");
      else tell(found);
      return found;
    },
    isReady: () => prover.isReady(),
  };
}

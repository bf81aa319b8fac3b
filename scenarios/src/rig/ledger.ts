/** What became of each request, by its id: at the client, at the gateway, at aux. */
import type { LogCollector } from "./log-collector.ts";

export interface Outcome {
  /** 0 when there was no answer. */
  readonly status: number;
  /** Why there was none. */
  readonly error?: string;
  readonly tookMs: number;
  readonly hasRetryAfter: boolean;
  /** Sent again by the client, because a kept connection was closed under it. */
  readonly isRepeated?: boolean;
  /** Of a problem document. */
  readonly code?: string;
  /** Whether a 2xx body is what it must be. */
  readonly isRight: boolean;
}

export interface Entry extends Outcome {
  readonly id: string;
  readonly path: string;
  /** Milliseconds since the load began. */
  readonly startedAtMs: number;
}

export class Ledger {
  readonly entries: Entry[] = [];
  readonly #open = new Set<string>();
  readonly #known = new Set<string>();
  /** Requests with a second outcome, which must not be. */
  readonly doubles: string[] = [];

  open(id: string): void {
    if (this.#known.has(id)) throw new Error(`id used twice: ${id}`);
    this.#known.add(id);
    this.#open.add(id);
  }

  close(entry: Entry): void {
    if (!this.#open.delete(entry.id)) this.doubles.push(entry.id);
    else this.entries.push(entry);
  }

  get openCount(): number {
    return this.#open.size;
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** Entries that are not 2xx. */
  get failed(): readonly Entry[] {
    return this.entries.filter(({ status }) => status < 200 || status > 299);
  }

  /** How many of each status; an error's code where there was no answer. */
  summary(): string {
    const counts = new Map<string, number>();
    for (const { status, error, code } of this.entries) {
      const known = code === undefined ? String(status) : `${status} ${code}`;
      const key = status === 0 ? (error ?? "no answer") : known;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const parts = [...counts].toSorted(([a], [b]) => a.localeCompare(b));
    return parts.map(([key, count]) => `${key} × ${count}`).join(", ") || "none";
  }
}

export interface Reconciled {
  /** Requests with none or several outcomes, or of the wrong body: each a sentence. */
  readonly faults: readonly string[];
}

/**
 * Joins the client's ledger with the access logs.
 *
 * Each request has one outcome at the client; each answer stands once in a gateway's log, with the
 * same status; each 2xx of a gateway stands in an aux's log, under its own id or under that of the
 * request which it shared a call with.
 *
 * @param lostAux whether an aux was killed, whose last lines are gone.
 */
export function reconcile(
  ledger: Ledger,
  gateways: readonly LogCollector[],
  auxes: readonly LogCollector[],
  lostAux = false,
): Reconciled {
  const faults = ledger.doubles.map((id) => `${id} has two outcomes at the client`);
  if (ledger.openCount > 0) faults.push(`${ledger.openCount} requests have no outcome`);
  const atGateway = new Map<string, { status: number; askedAs: string; lines: number }>();
  for (const { requests } of gateways) {
    for (const { requestId, status, upstreamRequestId } of requests) {
      const lines = (atGateway.get(requestId)?.lines ?? 0) + 1;
      atGateway.set(requestId, { status, askedAs: upstreamRequestId ?? requestId, lines });
    }
  }
  const atAux = new Set(auxes.flatMap(({ requests }) => requests.map((r) => r.requestId)));
  for (const { id, path, status, isRight } of ledger.entries) {
    if (status >= 200 && status < 300 && !isRight) faults.push(`${id} has the wrong body`);
    if (status === 0) continue;
    const seen = atGateway.get(id);
    if (!seen) faults.push(`${id} answered ${status}, but in no gateway's log`);
    else if (seen.lines > 1) faults.push(`${id} stands ${seen.lines} times in the gateways' logs`);
    else if (seen.status !== status) faults.push(`${id} is ${status} but logged as ${seen.status}`);
    else if (status === 200 && path !== "/health" && !lostAux && !atAux.has(seen.askedAs)) {
      faults.push(`${id} answered 200, but no aux was asked as ${seen.askedAs}`);
    }
  }
  return { faults };
}

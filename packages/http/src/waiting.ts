/** Places for what lasts: waits for a change and streams to slow readers, a share for each client. */
import { ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { App, PlaceKind } from "./app-type.ts";
import type { Metrics } from "./metrics.ts";

/** Each holds a socket and a timer or a buffer; so many at once, and one more is refused. */
const MAX_PLACES: Readonly<Record<PlaceKind, number>> = { wait: 2000, stream: 500 };
const RETRY_SOON = { "retry-after": "1" };

export interface Shares {
  /** Places that one client may have at once; 0 means no limit of its own. */
  readonly perClient: Readonly<Record<PlaceKind, number>>;
  /** Whose places a request takes; undefined where that is not known: then there is no share. */
  readonly clientOf: (request: FastifyRequest) => string | undefined;
}

/**
 * Gives requests `takePlace`, and the application the signal that ends all waits: it comes when the
 * server closes, after the drain delay, so that a client that asks again at once finds another pod.
 *
 * @param shares undefined means that only the total is bounded.
 */
export function registerWaiting(app: App, { inFlight }: Metrics, shares: Shares | undefined): void {
  const draining = new AbortController();
  app.decorate("draining", draining.signal);
  app.addHook("preClose", (done) => {
    draining.abort();
    done();
  });
  const taken = { wait: new Map<string, number>(), stream: new Map<string, number>() };

  app.decorateRequest("takePlace", function takePlace(this: FastifyRequest, kind: PlaceKind) {
    const share = shares?.perClient[kind] ?? 0;
    const client = share === 0 ? undefined : shares?.clientOf(this);
    const own = client === undefined ? 0 : (taken[kind].get(client) ?? 0);
    if (client !== undefined && own >= share) throw tooMany(kind, share);
    if (inFlight[kind] >= MAX_PLACES[kind]) throw overloaded();
    inFlight[kind]++;
    if (client !== undefined) taken[kind].set(client, own + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      inFlight[kind]--;
      if (client !== undefined) leave(taken[kind], client);
    };
  });
}

function leave(taken: Map<string, number>, client: string): void {
  const left = (taken.get(client) ?? 1) - 1;
  if (left === 0) taken.delete(client);
  else taken.set(client, left);
}

const NAMES: Readonly<Record<PlaceKind, string>> = { wait: "waits", stream: "downloads" };

const tooMany = (kind: PlaceKind, share: number) =>
  new ProblemError(
    "too_many_at_once",
    `At most ${share} ${NAMES[kind]} of one client are served here at once; end one, or try again.`,
    { headers: RETRY_SOON },
  );

const overloaded = () =>
  new ProblemError("overloaded", "Too many wait here already; try again shortly.", {
    headers: RETRY_SOON,
  });

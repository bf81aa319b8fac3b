/** Places for what lasts, waits for a change and streams to slow readers: so many for each client. */
import { ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { App, PlaceKind } from "./app-type.ts";
import type { Metrics } from "./metrics.ts";

/** Each holds a socket and a timer or a buffer; so many at once, and one more is refused. */
const MAX_PLACES: Readonly<Record<PlaceKind, number>> = { wait: 2000, stream: 500 };
const RETRY_SOON = { "retry-after": "1" };

export interface ClientPlaces {
  /** How many one client may have at once; 0 means no limit of its own. */
  readonly most: Readonly<Record<PlaceKind, number>>;
  /** Whose places a request takes; undefined where that is not known: then only the total counts. */
  readonly clientOf: (request: FastifyRequest) => string | undefined;
}

/**
 * Gives requests `takePlace`, and the application the signal that ends all waits: it comes when the
 * server closes, after the drain delay, so that a client that asks again at once finds another pod.
 *
 * @param clientPlaces undefined means that only the total is bounded.
 */
export function registerWaiting(
  app: App,
  { inFlight }: Metrics,
  clientPlaces: ClientPlaces | undefined,
): void {
  const draining = new AbortController();
  app.decorate("draining", draining.signal);
  app.addHook("preClose", (done) => {
    draining.abort();
    done();
  });
  const taken = { wait: new Map<string, number>(), stream: new Map<string, number>() };

  app.decorateRequest("takePlace", function takePlace(this: FastifyRequest, kind: PlaceKind) {
    const most = clientPlaces?.most[kind] ?? 0;
    const client = most === 0 ? undefined : clientPlaces?.clientOf(this);
    const own = client === undefined ? 0 : (taken[kind].get(client) ?? 0);
    if (client !== undefined && own >= most) throw tooMany(kind, most);
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

const tooMany = (kind: PlaceKind, most: number) =>
  new ProblemError(
    "too_many_at_once",
    `At most ${most} ${NAMES[kind]} of one client are served here at once; end one, or try again.`,
    { headers: RETRY_SOON },
  );

const overloaded = () =>
  new ProblemError("overloaded", "Too many wait here already; try again shortly.", {
    headers: RETRY_SOON,
  });

/** What one client may have at once: a part of all requests in progress, so many waits and so many streams. */
import { ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { App, PlaceKind } from "./app-type.ts";
import { ClientCounts } from "./client-counts.ts";
import type { Metrics } from "./metrics.ts";
import { isProbe } from "./probes.ts";

/** Of what all clients share, one has no more than this part. */
export const CLIENT_SHARE = 0.5;

/** Each holds a socket and a timer or a buffer; so many at once, and one more is refused. */
const MAX_PLACES: Readonly<Record<PlaceKind, number>> = {
  wait: 2000,
  stream: 500,
  follow: 500,
  events: 1500,
  tunnel: 500,
};
const RETRY_SOON = { "retry-after": "1" };

export interface ClientPlaces {
  /** How many one client may have at once; 0 or unset means no limit of its own. */
  readonly most: Readonly<Partial<Record<PlaceKind, number>>>;
  /** Whose places a request takes; undefined where that is not known: then only the total counts. */
  readonly clientOf: (request: FastifyRequest) => string | undefined;
}

/** Of a public service, whose peers are its clients: the caller, else the network. */
export const callerOrNetwork = ({
  caller,
  client,
}: Pick<FastifyRequest, "caller" | "client">): string =>
  caller === undefined ? client.network : `caller ${caller}`;

export interface Places {
  /**
   * Gives requests `takePlace`, and the application the signal that ends all waits: it comes when the
   * server closes, after the drain delay, so that a client that asks again at once finds another pod.
   */
  registerWaiting(app: App): void;
  /** Bounds what one client has of the requests in progress; for behind `registerAdmission`. */
  registerShare(app: App): void;
  /** The request is not in progress any more; may be said more than once. */
  workDone(request: FastifyRequest): void;
}

/** @param clientPlaces undefined means that only the totals are bounded. */
export function createPlaces(
  { inFlight }: Metrics,
  maxInFlight: number,
  clientPlaces: ClientPlaces | undefined,
): Places {
  const working = new ClientCounts();
  const taken: Readonly<Record<PlaceKind, ClientCounts>> = {
    wait: new ClientCounts(),
    stream: new ClientCounts(),
    follow: new ClientCounts(),
    events: new ClientCounts(),
    tunnel: new ClientCounts(),
  };

  const workDone = (request: FastifyRequest) => {
    const { holder, isInShare } = request;
    if (!isInShare || holder === undefined) return;
    request.isInShare = false;
    working.leave(holder);
  };

  return {
    workDone,
    registerWaiting(app) {
      const draining = new AbortController();
      app.decorate("draining", draining.signal);
      app.addHook("preClose", (done) => {
        draining.abort();
        // what is answered upon that is on its way before connections are taken for idle
        setImmediate(done);
      });
      app.decorateRequest(
        "takePlace",
        function takePlace(
          this: FastifyRequest,
          kind: PlaceKind,
          whose: string | undefined = this.holder,
        ) {
          const most = clientPlaces?.most[kind] ?? 0;
          const client = most === 0 ? undefined : whose;
          if (client !== undefined && taken[kind].of(client) >= most)
            throw tooMany(NAMES[kind], most);
          if (inFlight[kind] >= MAX_PLACES[kind]) throw overloaded();
          inFlight[kind]++;
          if (client !== undefined) taken[kind].enter(client);
          workDone(this);
          let isTaken = true;
          return () => {
            if (!isTaken) return;
            isTaken = false;
            inFlight[kind]--;
            if (client !== undefined) taken[kind].leave(client);
          };
        },
      );
    },
    registerShare(app) {
      app.decorateRequest("holder", undefined);
      app.decorateRequest("isInShare", false);
      if (clientPlaces === undefined) return;
      const most = Math.ceil(maxInFlight * CLIENT_SHARE);
      app.addHook("onRequest", (request, { raw }, done) => {
        const holder = clientPlaces.clientOf(request);
        request.holder = holder;
        // its client may have left while it was asked who that is: then its work is done
        if (holder === undefined || raw.destroyed || isProbe(request.url)) return done();
        if (working.of(holder) >= most) return done(tooMany("requests", most));
        working.enter(holder);
        request.isInShare = true;
        done();
      });
    },
  };
}

const NAMES: Readonly<Record<PlaceKind, string>> = {
  wait: "waits",
  stream: "downloads",
  follow: "followed logs",
  events: "readers of events",
  tunnel: "tunnels",
};

/** @param what in the plural. */
const tooMany = (what: string, most: number) =>
  new ProblemError(
    "too_many_at_once",
    `At most ${most} ${what} of one client are served here at once; end one, or try again.`,
    { headers: RETRY_SOON },
  );

const overloaded = () =>
  new ProblemError("overloaded", "Too many wait here already; try again shortly.", {
    headers: RETRY_SOON,
  });

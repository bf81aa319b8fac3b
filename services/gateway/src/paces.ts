/** Clients whose waits never wait, because their ETag never arrives or never fits: they are slowed down. */
import { setTimeout as sleep } from "node:timers/promises";
import { callerOrNetwork, clientLeft, MinuteCounts } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** So many waits of one client for one name may be answered at once in a minute: it begins anew, or values change. */
const FREE_A_MINUTE = 10;
/** What each of the others waits before it is answered, or as long as it asked for if that is less. */
const PAUSE_SECONDS = 5;
/** Clients and names with a count of their own: a name may take a kilobyte. */
const MAX_COUNTS = 5000;

/**
 * A proxy or cache that takes If-None-Match away, or an ETag that it has written anew, makes a loop of
 * waits a loop without any. Each gateway sees to it by itself, so that a client has as much of each.
 */
export class Paces {
  readonly #counts: MinuteCounts;

  /** @param now milliseconds that never go backwards. */
  constructor(now?: () => number) {
    this.#counts = new MinuteCounts({ maxClients: MAX_COUNTS, ...(now && { now }) });
  }

  /**
   * Counts a wait that would be answered at once, and holds it where there have been many; it ends
   * with its client, and with the server.
   *
   * @param path what is waited for.
   * @returns whether it was held: what was read before is old by then.
   * @throws ProblemError too_many_at_once, overloaded.
   */
  async hold(
    request: FastifyRequest,
    reply: FastifyReply,
    path: string,
    waitSeconds: number,
  ): Promise<boolean> {
    const client = callerOrNetwork(request);
    const count = this.#counts.of(`${client} ${path}`, () => client);
    count.spent++;
    if (count.spent <= FREE_A_MINUTE) return false;
    const leave = request.takePlace("wait");
    const signal = AbortSignal.any([clientLeft(reply), request.server.draining]);
    try {
      await sleep(Math.min(PAUSE_SECONDS, waitSeconds) * 1000, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      leave();
    }
    return true;
  }
}

/** Requests that wait for something to happen or for a slow reader: cheap to hold, easy to end. */
import { ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { App } from "./app-type.ts";
import type { Metrics } from "./metrics.ts";

/** Each holds a socket and a timer; so many at once, and one more is refused. */
const MAX_WAITING = 2000;

/**
 * Gives requests `beginWait`, and the application the signal that ends all waits: it comes when the
 * server closes, after the drain delay, so that a client that asks again at once finds another pod.
 */
export function registerWaiting(app: App, { inFlight }: Metrics): void {
  const draining = new AbortController();
  app.decorate("draining", draining.signal);
  app.addHook("preClose", (done) => {
    draining.abort();
    done();
  });
  app.decorateRequest("beginWait", function beginWait(this: FastifyRequest) {
    if (inFlight.waiting >= MAX_WAITING) {
      throw new ProblemError("overloaded", "Too many wait here already; try again shortly.", {
        headers: { "retry-after": "1" },
      });
    }
    inFlight.waiting++;
    let isWaiting = true;
    return () => {
      if (isWaiting) inFlight.waiting--;
      isWaiting = false;
    };
  });
}

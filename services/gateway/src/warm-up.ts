/** Has V8 compile a request's way before anybody waits for it: the first thousand would take twice as long. */
import type { AddressInfo } from "node:net";
import { type App, createLogger, createMetrics } from "@airlock/http";
import type { Settings } from "./settings.ts";
import { Call, type CallRequest } from "./upstream/call.ts";
import { createUpstream } from "./upstream/upstream.ts";
import { createUpstreamMetrics } from "./upstream-metrics.ts";

/** More change little. */
const REQUESTS = 500;
/** On a slow machine it is better to begin. */
const LIMIT_MS = 1500;
const AT_ONCE = 8;

/** Answered without asking anybody, counted against nobody's limit, and no line of the log. */
const ASKED: CallRequest = {
  method: "GET",
  path: "/livez",
  headers: [],
  class: "value",
  bufferBytes: 65_536,
  isRepeatable: true,
};

/**
 * The gateway asks itself, as it asks a service behind: that is both ends of its way. (A second
 * application for this would make what belongs to each application slower for good: V8 would see two
 * kinds of request where there is one.)
 *
 * @param app listens already.
 */
export async function warmUp(app: App, settings: Settings): Promise<void> {
  const metrics = createUpstreamMetrics(createMetrics(settings).registry);
  const logger = createLogger(settings, { write() {} });
  const itself = createUpstream("itself", urlOf(app.server.address() as AddressInfo), {
    logger,
    metrics,
  });
  const endsAt = performance.now() + LIMIT_MS;
  let turn = 0;
  const askInTurn = async () => {
    while (turn++ < REQUESTS && performance.now() < endsAt) {
      await new Promise((answered, failed) => new Call(itself, ASKED, { answered, failed }));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, askInTurn));
  } finally {
    await itself.close();
  }
}

/** Where a server can be asked that listens there. */
function urlOf({ address, port, family }: AddressInfo): string {
  if (family === "IPv6") return `http://[${address === "::" ? "::1" : address}]:${port}`;
  return `http://${address === "0.0.0.0" ? "127.0.0.1" : address}:${port}`;
}

/** What jobs says of its database and queues, for this service's own /health. */
import { JobsHealth } from "@airlock/contract";
import type { LayerPresenter } from "@airlock/identity";
import * as z from "zod";
import type { Upstream } from "../upstream/call.ts";
import { ask } from "./ask.ts";

export type JobsWords = Pick<JobsHealth, "database" | "queue">;

const { database, queue } = JobsHealth.shape;
/** A version that has other words may be behind. */
const Words = z.object({ database: database.catch("unknown"), queue: queue.catch("unknown") });
const UNKNOWN: JobsWords = { database: "unknown", queue: "unknown" };
/** So long an answer stands, however many ask. */
const FRESH_MS = 1000;

/** @returns a function that never rejects: without an answer in half a second both are unknown. */
export function createJobsHealth(
  jobs: Upstream,
  layer: LayerPresenter | undefined,
): () => Promise<JobsWords> {
  let known: Promise<JobsWords> | undefined;
  let knownAtMs = Number.NEGATIVE_INFINITY;

  const look = async (): Promise<JobsWords> => {
    try {
      return Words.parse(await ask(jobs, layer, { path: "/health", class: "health" }));
    } catch {
      return UNKNOWN; // whatever the reason: the calls of clients tell it in the log
    }
  };
  return () => {
    const at = performance.now();
    if (known === undefined || at - knownAtMs >= FRESH_MS) {
      known = look();
      knownAtMs = at;
    }
    return known;
  };
}

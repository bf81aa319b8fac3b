/** What Prometheus learns of logins, keys, jobs, disks, the queues and the connections to the database. */
import type { Metrics } from "@airlock/http";
import {
  oldestOpenOperationSeconds,
  type QueueMetrics,
  queueMetrics,
  type Store,
} from "@airlock/jobs-store";
import { Counter, Gauge } from "prom-client";
import { freshly } from "./freshly.ts";

export interface JobsMetrics {
  /** By how it ended: ok, or the reason of the refusal. */
  readonly logins: Counter<"outcome">;
  /** By what was found: valid, or the state of the key. */
  readonly keyChecks: Counter<"state">;
  readonly keys: Counter<"event">;
  /** accepted, or repeated: asked for before. */
  readonly submissions: Counter<"outcome">;
}

export function jobsMetrics({ registry }: Metrics): JobsMetrics {
  const counter = <L extends string>(name: string, help: string, label: L) =>
    new Counter({ name, help, labelNames: [label], registers: [registry] });
  return {
    logins: counter("airlock_logins_total", "Logins by outcome (ok, or why not).", "outcome"),
    keyChecks: counter("airlock_api_key_checks_total", "Checks of API keys by state.", "state"),
    keys: counter(
      "airlock_api_key_changes_total",
      "Keys made, rotated, revoked, or ended.",
      "event",
    ),
    submissions: counter("airlock_job_submissions_total", "Jobs accepted, and repeats.", "outcome"),
  };
}

/** Shows the queues, the changes of disks and the pool whenever the metrics are read. Call it once. */
export function observeStore({ registry }: Metrics, store: Store, queues: readonly string[]): void {
  const registers = [registry];
  const operationsAge = freshly(() => oldestOpenOperationSeconds(store.pool));
  new Gauge({
    name: "airlock_database_connections",
    help: "Connections to the database by state (busy, idle).",
    labelNames: ["state"],
    registers,
    collect() {
      const { total, idle } = store.poolNumbers();
      this.labels("busy").set(total - idle);
      this.labels("idle").set(idle);
    },
  });
  new Gauge({
    name: "airlock_database_waiting_requests",
    help: "Requests that wait for a connection to the database.",
    registers,
    collect() {
      this.set(store.poolNumbers().waiting);
    },
  });
  new Gauge({
    name: "airlock_disk_operations_oldest_age_seconds",
    help: "Age of the oldest change of a disk that has not ended; 0 when there is none.",
    registers,
    async collect() {
      this.reset();
      const seconds = await operationsAge();
      if (seconds !== undefined) this.set(seconds);
    },
  });
  const read = queueReader(store, queues);
  new Gauge({
    name: "airlock_queue_messages",
    help: "Messages on a queue by state: visible, or taken by somebody who works on it.",
    labelNames: ["queue", "state"],
    registers,
    async collect() {
      this.reset();
      for (const [queue, { length, visible }] of await read()) {
        this.labels(queue, "visible").set(visible);
        this.labels(queue, "taken").set(length - visible);
      }
    },
  });
  new Gauge({
    name: "airlock_queue_oldest_message_age_seconds",
    help: "Age of the oldest message of a queue; 0 when there is none.",
    labelNames: ["queue"],
    registers,
    async collect() {
      this.reset();
      for (const [queue, { oldest_age_seconds: age }] of await read()) {
        this.labels(queue).set(age ?? 0);
      }
    },
  });
}

type Reading = readonly (readonly [queue: string, numbers: QueueMetrics])[];

/** Without a database there are no numbers, which is not the same as zero. */
function queueReader(store: Store, queues: readonly string[]): () => Promise<Reading> {
  const ask = () =>
    Promise.all(
      queues.map(async (queue) => [queue, await queueMetrics(store.pool, queue)] as const),
    );
  const read = freshly(ask);
  return async () => (await read()) ?? [];
}

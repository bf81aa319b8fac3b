/** What the routes of users share. */
import type { OrderRules, Sealer, Store } from "@airlock/jobs-store";
import type { Audit } from "./audit.ts";
import type { RememberedChoices } from "./jobs/remembered-choices.ts";
import type { JobsMetrics } from "./jobs-metrics.ts";
import type { Keys } from "./keys.ts";
import type { Mutate } from "./mutations.ts";
import type { TraceparentOf } from "./order-traces.ts";
import type { Outlooks } from "./outlook/outlooks.ts";
import type { ProcessorClient } from "./processor-client.ts";

export interface ApiDeps {
  readonly store: Store;
  readonly keys: Keys;
  readonly mutate: Mutate;
  readonly traceparentOf: TraceparentOf;
  readonly audit: Audit;
  readonly metrics: JobsMetrics;
  readonly sealer: Sealer;
  readonly processor: ProcessorClient;
  readonly choices: RememberedChoices;
  readonly outlooks: Outlooks;
  /** By which jobs that wait get their nodes. */
  readonly rules: OrderRules;
  /** Life of an API key. */
  readonly ttlSeconds: number;
  readonly jobQueue: string;
  readonly diskQueue: string;
  /** Of a disk for which none is asked. */
  readonly diskSizeGb: number;
  /** From a job's launch to its end. */
  readonly maxJobHours: number;
  /** Of jobs that name none. */
  readonly defaultImage: string | undefined;
}

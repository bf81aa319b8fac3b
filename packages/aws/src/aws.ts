/** AWS access as one thing with a lifetime: session, clients, stores. */
import { AwsClock } from "@airlock/config";
import { RegionalS3 } from "./bucket-regions.ts";
import { type BucketStore, createBucketStore } from "./buckets.ts";
import { Bulkhead } from "./bulkhead.ts";
import { createCaller } from "./caller.ts";
import { createClients } from "./clients.ts";
import { createObjectStore, type ObjectStore } from "./objects.ts";
import type { ObserveCall } from "./observed-call.ts";
import { Budget } from "./parameters/budget.ts";
import { BudgetedRetries } from "./parameters/budgeted-retries.ts";
import type { Budgets } from "./parameters/ssm-calls.ts";
import { createParameterStore, type ParameterStore } from "./parameters.ts";
import { type ObserveRead, observed } from "./reads.ts";
import { Session, type SessionLog } from "./session.ts";
import type { AwsSettings } from "./settings.ts";
import { sessionSource } from "./sources.ts";

export interface Aws {
  readonly session: Session;
  readonly buckets: BucketStore;
  readonly objects: ObjectStore;
  readonly parameters: ParameterStore;
  /** The lanes of each service. */
  readonly queues: { readonly s3: Bulkhead; readonly ssm: Bulkhead };
  /** How often SSM may be called: for values, and to describe. */
  readonly budgets: Readonly<Record<keyof Budgets, Pick<Budget, "perSecond" | "waiting">>>;
  close(): void;
}

export interface AwsOptions {
  readonly observeRead?: ObserveRead;
  /** Milliseconds of a clock that never goes back; the age of what is cached goes by it. */
  readonly now?: () => number;
}

/** Begins to fetch a session in the background and returns at once. */
export function createAws(
  settings: AwsSettings,
  log: SessionLog,
  observe: ObserveCall,
  { observeRead = () => {}, now = () => performance.now() }: AwsOptions = {},
): Aws {
  const clock = new AwsClock({ now });
  const session = new Session(sessionSource(settings, clock, observe), log, clock);
  const budgets = {
    values: new Budget(settings.SSM_CALLS_PER_SECOND, now),
    lists: new Budget(settings.SSM_DESCRIBE_CALLS_PER_SECOND, now),
  };
  const retries = new BudgetedRetries(() => budgets.values.spend());
  const clients = createClients(settings, session, retries);
  const queues = { s3: new Bulkhead(), ssm: new Bulkhead() };
  const callS3 = createCaller(session, queues.s3, observe);
  const s3 = new RegionalS3({ home: settings.AWS_REGION, clientIn: clients.s3In, now });
  const onRegion = (bucket: string, region: string) => s3.note(bucket, region);
  const buckets = createBucketStore(clients.s3, callS3, { settings, now, onRegion });
  const parameters = createParameterStore({
    settings,
    ssm: clients.ssm,
    call: createCaller(session, queues.ssm, observe),
    session,
    budgets,
    observe: observeRead,
    now,
  });
  session.start();
  return {
    session,
    queues,
    budgets,
    buckets: { list: (options) => observed(observeRead, "bucket_list", buckets.list(options)) },
    objects: createObjectStore(s3, callS3, session),
    parameters,
    close() {
      parameters.close();
      session.stop();
      clients.close();
    },
  };
}

/** AWS access as one thing with a lifetime: session, clients, stores. */
import { type BucketStore, createBucketStore } from "./buckets.ts";
import { Bulkhead } from "./bulkhead.ts";
import { createCaller, type ObserveCall } from "./caller.ts";
import { createClients } from "./clients.ts";
import { createParameterStore, type ParameterStore } from "./parameters.ts";
import { Session, type SessionLog } from "./session.ts";
import type { AwsSettings } from "./settings.ts";
import { sessionSource } from "./sources.ts";

export interface Aws {
  readonly session: Session;
  readonly buckets: BucketStore;
  readonly parameters: ParameterStore;
  /** The queue in front of each service. */
  readonly queues: { readonly s3: Bulkhead; readonly ssm: Bulkhead };
  close(): void;
}

/** Begins to fetch a session in the background and returns at once. */
export function createAws(settings: AwsSettings, log: SessionLog, observe: ObserveCall): Aws {
  const session = new Session(sessionSource(settings), log);
  const clients = createClients(settings, session);
  const queues = { s3: new Bulkhead(), ssm: new Bulkhead() };
  session.start();
  return {
    session,
    queues,
    buckets: createBucketStore(clients.s3, createCaller(session, queues.s3, observe)),
    parameters: createParameterStore(clients.ssm, createCaller(session, queues.ssm, observe)),
    close() {
      session.stop();
      clients.close();
    },
  };
}

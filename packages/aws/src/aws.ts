/** AWS access as one thing with a lifetime: session, clients, stores. */
import { type BucketStore, createBucketStore } from "./buckets.ts";
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
  close(): void;
}

/** Begins to fetch a session in the background and returns at once. */
export function createAws(settings: AwsSettings, log: SessionLog, observe: ObserveCall): Aws {
  const session = new Session(sessionSource(settings), log);
  const clients = createClients(settings, session);
  const call = createCaller(session, observe);
  session.start();
  return {
    session,
    buckets: createBucketStore(clients.s3, call),
    parameters: createParameterStore(clients.ssm, call),
    close() {
      session.stop();
      clients.close();
    },
  };
}

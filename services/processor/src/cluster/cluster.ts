/** The cluster as the processor sees it: one namespace of jobs, and nodes. Whoever implements it keeps every promise below. */
import type { Socket } from "node:net";
import type { ClusterError } from "./cluster-error.ts";
import type {
  Claim,
  KubeEvent,
  KubeNode,
  Meta,
  Pod,
  Secret,
  Service,
  Snapshot,
} from "./objects.ts";

/** By the names that stand in the API's paths. */
export interface Kinds {
  pods: Pod;
  secrets: Secret;
  services: Service;
  persistentvolumeclaims: Claim;
  volumesnapshots: Snapshot;
  events: KubeEvent;
  nodes: KubeNode;
}

export type Kind = keyof Kinds;

/** An object as it is sent; `apiVersion` and `kind` are filled in. */
export interface Manifest {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly object[];
  };
  readonly [member: string]: unknown;
}

/**
 * All calls below throw ClusterError and nothing else but a bug; an aborted one throws the signal's reason. A call that
 * changes something and fails with `outcome_unknown` may have been carried out: look before doing it again.
 */
export interface Cluster {
  /** Where everything but nodes is, unless a query says otherwise. */
  readonly namespace: string;

  /** @throws ClusterError `already_exists` or `being_deleted` when the name is taken: look who has it. */
  create<K extends Kind>(kind: K, manifest: Manifest, options?: CallOptions): Promise<Kinds[K]>;

  /** Undefined when there is no such object. */
  get<K extends Kind>(kind: K, name: string, options?: CallOptions): Promise<Kinds[K] | undefined>;

  /** All that match, in pages behind the scenes; none of them is older than the call. */
  list<K extends Kind>(kind: K, query?: Query, options?: CallOptions): Promise<Kinds[K][]>;

  /**
   * Puts the whole object; `uid` is that of the object meant, undefined: whatever has the name.
   *
   * @throws ClusterError `conflict` when another one has the name, or `not_found`.
   */
  replace<K extends Kind>(
    kind: K,
    manifest: Manifest,
    uid: string | undefined,
    options?: CallOptions,
  ): Promise<Kinds[K]>;

  /** A JSON merge patch (RFC 7396) of the object with this uid. @throws ClusterError `conflict` when another one has the name. */
  patch<K extends Kind>(
    kind: K,
    name: string,
    uid: string,
    patch: object,
    options?: CallOptions,
  ): Promise<Kinds[K]>;

  /** Deletes the object with this uid, and what it owns after it. Says what is there now; never throws `not_found`. */
  remove(kind: Kind, name: string, uid: string, options?: RemoveOptions): Promise<Removal>;

  /** Lists, then watches for as long as it is not closed, through whatever happens to connection and server. */
  follow<K extends Kind>(kind: K, query: Query, listener: Listener<Kinds[K]>): Following<Kinds[K]>;

  /** What a container has written, as bytes, up to `limitBytes`. */
  readLog(pod: string, query?: LogQuery, options?: CallOptions): Promise<Buffer>;

  /** The newest that a container has written, from the beginning of a line on, unless that is a very long one. */
  readLogEnd(pod: string, query: LogEndQuery, options?: CallOptions): Promise<Buffer>;

  /** The same as it comes, until the container ends or the signal aborts; as slowly as it is read. */
  streamLog(pod: string, query: LogQuery, signal: AbortSignal): AsyncIterable<Buffer>;

  /**
   * A connection to a port of the pod, whose status says where it is.
   *
   * @throws ClusterError `not_started` while it has no address, `port_closed`, `unavailable` when nobody answers.
   */
  dial(pod: Pod, port: number, options?: CallOptions): Promise<Socket>;

  /** The server's version, such as `v1.34.1`: whether it answers and believes who is asking. */
  version(options?: CallOptions): Promise<string>;

  /** Ends everything that is under way. */
  close(): Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For the whole call; unset, 10 s. */
  readonly timeoutMs?: number;
}

export interface RemoveOptions extends CallOptions {
  /** How long its processes have after SIGTERM. Unset, what the pod says; 0 ends it without asking its node. */
  readonly graceSeconds?: number;
}

/**
 * `ending`: it is there and carries a deletionTimestamp; `gone`: nothing has the name; `other`: what has the name now is
 * another object, so the one meant is gone.
 */
export type Removal = "ending" | "gone" | "other";

export interface Query {
  /** As kubectl takes it: `app=job,job in (a,b),!old`. */
  readonly labels?: string;
  /** As kubectl takes it: `metadata.name=x`, `spec.nodeName=n`, `involvedObject.uid=u`. */
  readonly fields?: string;
  /** Unset, the cluster's own namespace; `*` is all of them, which needs wider rights. */
  readonly namespace?: "*";
}

export interface LogQuery {
  /** Needed where the pod has several. */
  readonly container?: string;
  /** Lines from the end. */
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  /** RFC 3339. */
  readonly sinceTime?: string;
  /** Unset, 1 MiB for a whole log and no limit for a stream. */
  readonly limitBytes?: number;
  /** Each line begins with its time. */
  readonly timestamps?: boolean;
  /** Of the container before a restart. */
  readonly previous?: boolean;
}

export interface LogEndQuery extends Omit<LogQuery, "limitBytes"> {
  readonly lastBytes: number;
}

/** Told of one change after the other. What it throws is reported to `trouble` and stops nothing. */
export interface Listener<T extends { readonly metadata: Meta }> {
  /** It is there, or has changed: `before` is what was known of it. */
  changed(object: T, before: T | undefined): void;
  /** It is gone; `last` is what was known of it. */
  removed(last: T): void;
  /** The first list is through. */
  synced?(): void;
  /** The watch is made again after a pause. Not more than one in a row without `recovered`. */
  troubled?(error: ClusterError | Error): void;
  recovered?(): void;
}

export interface Following<T> {
  /** What is known, by `namespace/name` (nodes: by name). Empty until it is synced. */
  readonly objects: ReadonlyMap<string, T>;
  /** Whether the first list is through. */
  readonly isSynced: boolean;
  /** When the server was last heard of, in milliseconds of performance.now(); before the first time, -Infinity. */
  readonly heardAtMs: number;
  /** Resolves with the first list. Rejects when it is closed before. */
  readonly synced: Promise<void>;
  close(): void;
}

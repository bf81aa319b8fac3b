/** The cluster behind an API server. */
import type { AccessKeeper } from "./access.ts";
import { type CallRecord, type CallRequest, createCaller } from "./caller.ts";
import type {
  CallOptions,
  Cluster,
  Kind,
  Kinds,
  Manifest,
  Query,
  RemoveOptions,
} from "./cluster.ts";
import { ClusterError } from "./cluster-error.ts";
import { createConnections } from "./connections.ts";
import { dialPod } from "./dial.ts";
import { FOLLOW_RULES, type FollowRules, follow } from "./follow.ts";
import { KINDS, pathOf, typeOf } from "./kinds.ts";
import { listPages } from "./list-pages.ts";
import { createPodLogs } from "./pod-logs.ts";
import { numberOf, rawOf, textOf } from "./raw.ts";
import type { Subject, Verb } from "./refusals.ts";

export interface KubeClusterOptions {
  readonly access: AccessKeeper;
  /** That of the jobs. */
  readonly namespace: string;
  /** For a call that says nothing else. */
  readonly timeoutMs?: number;
  readonly followRules?: Partial<FollowRules>;
  /** How many objects a page of a list has. */
  readonly pageSize?: number;
  /** Told of each call and of the beginning of each stream. */
  readonly onCall?: (record: CallRecord) => void;
  readonly random?: () => number;
}

const TIMEOUT_MS = 10_000;
/** Members that are misspelt or came later than the server are refused rather than dropped (servers of 1.25 and later). */
const STRICT = "fieldValidation=Strict";

export function createKubeCluster(options: KubeClusterOptions): Cluster {
  const { access, namespace, timeoutMs = TIMEOUT_MS, random = Math.random } = options;
  const rules = { ...FOLLOW_RULES, ...options.followRules };
  const connections = createConnections();
  const caller = createCaller(access, connections, options.onCall ?? (() => {}));
  const closing = new AbortController();

  const subjectOf = (verb: Verb, kind: Kind, name?: string): Subject => ({
    verb,
    kind,
    name,
    namespace,
  });
  const limits = (given: CallOptions = {}) => ({
    timeoutMs: given.timeoutMs ?? timeoutMs,
    signal: given.signal,
  });
  /** One call about one object, of which it answers what is there then. */
  const change = async <K extends Kind>(
    kind: K,
    request: Omit<CallRequest, "timeoutMs" | "signal">,
    given: CallOptions | undefined,
  ): Promise<Kinds[K]> =>
    KINDS[kind].strip(rawOf(await caller.call({ ...request, ...limits(given) })));
  const whole = (kind: Kind, manifest: Manifest) => ({
    ...typeOf(kind),
    ...manifest,
  });
  const collection = (kind: Kind, { labels, fields, namespace: wanted }: Query) => {
    const query = new URLSearchParams();
    if (labels) query.set("labelSelector", labels);
    if (fields) query.set("fieldSelector", fields);
    return { path: pathOf(kind, wanted === "*" ? undefined : namespace), query };
  };
  const listOf = <K extends Kind>(kind: K, query: Query, given?: CallOptions) =>
    listPages(
      caller,
      { kind, subject: subjectOf("list", kind), ...collection(kind, query), ...limits(given) },
      options.pageSize,
    );

  const logs = createPodLogs(caller, { namespace, timeoutMs, closing: closing.signal });

  return {
    namespace,

    create: (kind, manifest, given) =>
      change(
        kind,
        {
          subject: subjectOf("create", kind, manifest.metadata.name),
          method: "POST",
          path: `${pathOf(kind, namespace)}?${STRICT}`,
          body: whole(kind, manifest),
        },
        given,
      ),

    async get(kind, name, given) {
      const subject = subjectOf("get", kind, name);
      try {
        return await change(
          kind,
          { subject, method: "GET", path: pathOf(kind, namespace, name) },
          given,
        );
      } catch (error) {
        if (error instanceof ClusterError && error.kind === "not_found") return undefined;
        throw error;
      }
    },

    list: async (kind, query = {}, given) => (await listOf(kind, query, given)).objects,

    replace: (kind, manifest, uid, given) => {
      const { name } = manifest.metadata;
      const metadata = { ...manifest.metadata, ...(uid !== undefined && { uid }) };
      return change(
        kind,
        {
          subject: subjectOf("replace", kind, name),
          method: "PUT",
          path: `${pathOf(kind, namespace, name)}?${STRICT}`,
          body: whole(kind, { ...manifest, metadata }),
        },
        given,
      );
    },

    patch: (kind, name, uid, patch, given) =>
      change(
        kind,
        {
          subject: subjectOf("patch", kind, name),
          method: "PATCH",
          path: `${pathOf(kind, namespace, name)}?${STRICT}`,
          // a server compares it with that of the object, and refuses when it is another
          body: { ...patch, metadata: { ...rawOf(rawOf(patch).metadata), uid } },
          contentType: "application/merge-patch+json",
        },
        given,
      ),

    async remove(kind, name, uid, given: RemoveOptions = {}) {
      const { graceSeconds } = given;
      let answer: unknown;
      try {
        answer = await caller.call({
          subject: subjectOf("remove", kind, name),
          method: "DELETE",
          path: pathOf(kind, namespace, name),
          body: {
            apiVersion: "v1",
            kind: "DeleteOptions",
            preconditions: { uid },
            propagationPolicy: "Background",
            ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }),
          },
          ...limits(given),
        });
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        if (error.kind === "not_found") return "gone";
        if (error.kind === "conflict") return "other";
        throw error;
      }
      return isStillThere(answer) ? "ending" : "gone";
    },

    follow: (kind, query, listener) => {
      const following = follow(
        caller,
        {
          kind,
          subject: subjectOf("watch", kind),
          ...collection(kind, query),
          list: (signal) => listOf(kind, query, { signal, timeoutMs: rules.headMs }),
          rules,
          random,
        },
        listener,
      );
      closing.signal.addEventListener("abort", () => following.close(), { once: true });
      return following;
    },

    ...logs,

    dial: dialPod,

    async version(given) {
      const subject = subjectOf("get", "nodes");
      const said = await caller.call({
        subject,
        method: "GET",
        path: "/version",
        ...limits(given),
      });
      return textOf(rawOf(said).gitVersion);
    },

    async close() {
      closing.abort(new Error("closed"));
      await connections.close();
    },
  };
}

/** An answer that is the object tells by its grace whether it ends now or later; a Status says that it is gone. */
function isStillThere(answer: unknown): boolean {
  const { kind, metadata } = rawOf(answer);
  if (kind === "Status") return false;
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = rawOf(metadata);
  if (Array.isArray(finalizers) && finalizers.length > 0) return true;
  return textOf(deletionTimestamp) !== "" && numberOf(deletionGracePeriodSeconds) > 0;
}

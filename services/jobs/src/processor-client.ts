/** What jobs asks of the processor: what a pod has written, and the way to it, for which jobs has no credentials. */
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import {
  type JobLogsQuery,
  type PodPlan,
  PROBLEMS,
  type ProblemCode,
  ProblemError,
} from "@airlock/contract";
import { openTunnel, smallText, type TunnelAnswer, TunnelError } from "@airlock/http";
import type { LayerPresenter } from "@airlock/identity";
import { Pool } from "undici";

export interface ProcessorClient {
  /** @throws ProblemError upstream_unavailable, also where there is no processor. */
  readLog(jobId: string, query: JobLogsQuery, onward: Onward): Promise<string>;
  /**
   * The same as it comes, until the job is over; it errors where it breaks off.
   *
   * @throws ProblemError of the processor's, or upstream_unavailable.
   */
  followLog(jobId: string, query: JobLogsQuery, asker: LogAsker): Promise<Readable>;
  /**
   * Its connection is the tunnel.
   *
   * @throws ProblemError of the processor's, or upstream_unavailable; the reason of the signal.
   */
  openTunnel(target: TunnelTarget): Promise<Extract<TunnelAnswer, { isOpen: true }>>;
  /**
   * The pod that would be made of a job, without its Secrets.
   *
   * @returns null where no processor tells it.
   */
  planPod(wish: PodPlan, onward: Onward): Promise<Record<string, unknown> | null>;
  close(): Promise<void>;
}

/** Headers by which the processor's lines are of the same request. */
export type Onward = Readonly<Record<string, string>>;

export interface LogAsker {
  /** Of the key whose revocation ends it. */
  readonly keyPrefix: string;
  readonly onward: Onward;
}

export interface TunnelTarget {
  readonly jobId: string;
  /** Of the pod. */
  readonly port: number;
  /** Of the key whose revocation ends it. */
  readonly keyPrefix: string;
  readonly onward: Onward;
  /** The client's headers, of which its handshake is passed on. */
  readonly handshake: IncomingHttpHeaders;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

export interface ProcessorClientOptions {
  /** Undefined where none is known. */
  readonly url: string | undefined;
  readonly layer: LayerPresenter;
}

const CONNECTIONS = 32;
const CONNECT_MS = 500;
/** Less than the gateway waits, and more than the processor does. */
const ANSWER_MS = 4000;
/** As long as the processor looks for the pod and connects to it, and a little more. */
const TUNNEL_MS = 8000;
/** The processor sends 1 MiB at most. */
const MAX_BYTES = 2 * 1024 * 1024;

export function createProcessorClient({ url, layer }: ProcessorClientOptions): ProcessorClient {
  const pool =
    url === undefined
      ? undefined
      : new Pool(url, {
          connections: CONNECTIONS,
          connect: { timeout: CONNECT_MS },
          headersTimeout: ANSWER_MS,
          bodyTimeout: ANSWER_MS,
          maxResponseSize: MAX_BYTES,
        });
  // each has a connection as long as it lasts, and may be silent for as long
  const streams =
    url === undefined
      ? undefined
      : new Pool(url, {
          connections: null,
          pipelining: 1,
          connect: { timeout: CONNECT_MS },
          headersTimeout: ANSWER_MS,
          bodyTimeout: 0,
        });
  return {
    async followLog(jobId, { tail, since }, { keyPrefix, onward }) {
      if (streams === undefined) throw unavailable("No processor is known here.");
      const words = new URLSearchParams({
        ...(tail !== undefined && { tail: String(tail) }),
        ...(since !== undefined && { since }),
        key: keyPrefix,
      });
      const { statusCode, headers, body } = await streams
        .request({
          method: "GET",
          path: `/internal/jobs/${encodeURIComponent(jobId)}/logs/follow?${words}`,
          headers: { ...layer.headers(), ...onward },
        })
        .catch((error: unknown) => {
          throw unavailable("The log cannot be told now.", error);
        });
      if (statusCode === 200) return body;
      const text = await smallText(body, ANSWER_MS).catch((error: unknown) => {
        throw unavailable("The log cannot be told now.", error);
      });
      throw refusalOf({ isOpen: false, status: statusCode, headers, text });
    },
    async readLog(jobId, { tail, since }, onward) {
      if (pool === undefined) throw unavailable("No processor is known here.");
      const words = new URLSearchParams({
        ...(tail !== undefined && { tail: String(tail) }),
        ...(since !== undefined && { since }),
      });
      try {
        const { statusCode, body } = await pool.request({
          method: "GET",
          path: `/internal/jobs/${encodeURIComponent(jobId)}/logs?${words}`,
          headers: { ...layer.headers(), ...onward },
          signal: AbortSignal.timeout(ANSWER_MS),
        });
        const text = await body.text();
        if (statusCode === 200) return text;
        throw unavailable("The log cannot be told now.", `answered ${statusCode}`);
      } catch (error) {
        if (error instanceof ProblemError) throw error;
        throw unavailable("The log cannot be told now.", error);
      }
    },
    async planPod(wish, onward) {
      if (pool === undefined) return null;
      try {
        const { statusCode, body } = await pool.request({
          method: "POST",
          path: "/internal/pod-plan",
          headers: {
            ...layer.headers(),
            ...onward,
            "content-type": "application/json",
          },
          body: JSON.stringify(wish),
          signal: AbortSignal.timeout(ANSWER_MS),
        });
        const answer = (await body.json()) as { readonly pod?: Record<string, unknown> };
        // one of the version before does not know the path
        return (statusCode === 200 && answer.pod) || null;
      } catch {
        return null;
      }
    },
    async openTunnel({ jobId, port, keyPrefix, onward, handshake, signal }) {
      if (url === undefined) throw unavailable("No processor is known here.");
      const { origin, pathname } = new URL(url);
      const words = new URLSearchParams({ port: String(port), key: keyPrefix });
      const proof = Object.entries(layer.headers() ?? {}).flat();
      const answer = await openTunnel({
        origin,
        path: `${pathname.replace(/\/$/, "")}/internal/jobs/${encodeURIComponent(jobId)}/tunnel?${words}`,
        headers: [...Object.entries(onward).flat(), ...proof],
        handshake,
        timeoutMs: TUNNEL_MS,
        signal,
      }).catch((error: unknown) => {
        if (!(error instanceof TunnelError)) throw error;
        throw unavailable("The job cannot be reached now.", error);
      });
      if (answer.isOpen) return answer;
      throw refusalOf(answer);
    },
    async close() {
      layer.close();
      await Promise.all([pool?.close(), streams?.close()]);
    },
  };
}

/** What the processor knows and jobs does not; anything else is between the two. */
const RELAYED: ReadonlySet<string> = new Set<ProblemCode>([
  "bad_request",
  "job_not_found",
  "job_not_active",
  "port_closed",
  "too_many_at_once",
  "overloaded",
  "database_unavailable",
]);

function refusalOf({ status, headers, text }: Extract<TunnelAnswer, { isOpen: false }>) {
  const retryAfter = headers["retry-after"];
  try {
    const { code, detail } = JSON.parse(text) as { code?: unknown; detail?: unknown };
    if (typeof code === "string" && RELAYED.has(code) && typeof detail === "string") {
      const known = code as ProblemCode;
      if (PROBLEMS[known][0] === status)
        return new ProblemError(known, detail, {
          headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
        });
    }
  } catch {
    // no document of ours
  }
  return unavailable("The job cannot be reached now.", `answered ${status}`);
}

const unavailable = (detail: string, cause?: unknown): ProblemError =>
  new ProblemError("upstream_unavailable", `${detail} Try again.`, {
    headers: { "retry-after": "2" },
    cause,
  });

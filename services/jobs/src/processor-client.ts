/** What jobs asks of the processor: what a pod has written, which jobs has no credentials to read. */
import { type JobLogsQuery, ProblemError } from "@airlock/contract";
import type { LayerPresenter } from "@airlock/identity";
import { Pool } from "undici";

export interface ProcessorClient {
  /** @throws ProblemError upstream_unavailable, also where there is no processor. */
  readLog(jobId: string, query: JobLogsQuery, requestId: string): Promise<string>;
  close(): Promise<void>;
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
  return {
    async readLog(jobId, { tail, since }, requestId) {
      if (pool === undefined) throw unavailable("No processor is known here.");
      const words = new URLSearchParams({
        ...(tail !== undefined && { tail: String(tail) }),
        ...(since !== undefined && { since }),
      });
      try {
        const { statusCode, body } = await pool.request({
          method: "GET",
          path: `/internal/jobs/${encodeURIComponent(jobId)}/logs?${words}`,
          headers: { ...layer.headers(), "x-request-id": requestId },
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
    async close() {
      layer.close();
      await pool?.close();
    },
  };
}

const unavailable = (detail: string, cause?: unknown): ProblemError =>
  new ProblemError("upstream_unavailable", `${detail} Try again.`, {
    headers: { "retry-after": "2" },
    cause,
  });

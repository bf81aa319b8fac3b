/** Logs of pods: whole up to a size, or as they come. */
import type { Caller } from "./caller.ts";
import type { Cluster, LogQuery } from "./cluster.ts";
import { ClusterError } from "./cluster-error.ts";
import { pathOf } from "./kinds.ts";

export interface PodLogOptions {
  readonly namespace: string;
  /** For a whole log, and for the beginning of a stream. */
  readonly timeoutMs: number;
  /** Ends all of them. */
  readonly closing: AbortSignal;
}

const MOST_BYTES = 1024 * 1024;

export function createPodLogs(
  caller: Caller,
  { namespace, timeoutMs, closing }: PodLogOptions,
): Pick<Cluster, "readLog" | "streamLog"> {
  async function* stream(
    pod: string,
    query: LogQuery & { readonly follow?: true },
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, void> {
    const words = Object.entries(query).map(([name, value]) => [name, String(value)]);
    const body = await caller.stream({
      subject: { verb: "log", kind: "pods", name: pod, namespace },
      path: `${pathOf("pods", namespace, pod)}/log?${new URLSearchParams(Object.fromEntries(words))}`,
      timeoutMs,
      signal: AbortSignal.any([signal, closing]),
    });
    try {
      yield* body as AsyncIterable<Buffer>;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof ClusterError) throw error;
      throw new ClusterError("unavailable", `The log of the Pod ${pod} broke off.`);
    } finally {
      body.destroy();
    }
  }

  return {
    async readLog(pod, query = {}, given) {
      const limitBytes = query.limitBytes ?? MOST_BYTES;
      // whole milliseconds are all that it takes
      const deadline = AbortSignal.timeout(Math.ceil(given?.timeoutMs ?? timeoutMs));
      const signal = given?.signal ? AbortSignal.any([given.signal, deadline]) : deadline;
      const parts: Buffer[] = [];
      let sizeBytes = 0;
      try {
        for await (const part of stream(pod, { ...query, limitBytes }, signal)) {
          parts.push(part);
          sizeBytes += part.length;
          // servers may send a little more than they were asked for
          if (sizeBytes >= limitBytes) break;
        }
      } catch (error) {
        if (!deadline.aborted || given?.signal?.aborted) throw error;
        throw new ClusterError("unavailable", `The log of the Pod ${pod} did not come in time.`);
      }
      return Buffer.concat(parts).subarray(0, limitBytes);
    },

    streamLog: (pod, query, signal) => stream(pod, { ...query, follow: true }, signal),
  };
}

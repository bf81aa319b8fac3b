/** Logs of pods: from the beginning up to a size, the end of them, or as they come. */
import type { Caller } from "./caller.ts";
import type { CallOptions, Cluster, LogQuery } from "./cluster.ts";
import { ClusterError } from "./cluster-error.ts";
import { pathOf } from "./kinds.ts";
import { type LogRead, READ_BYTES, readLogEnd } from "./log-end.ts";

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
): Pick<Cluster, "readLog" | "readLogEnd" | "streamLog"> {
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

  /** As much of the end as `lastBytes`, or somewhat more. */
  const take = async (
    pod: string,
    query: LogQuery & { readonly limitBytes: number },
    lastBytes: number,
    signal: AbortSignal,
  ): Promise<LogRead> => {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    let keptBytes = 0;
    for await (const part of stream(pod, query, signal)) {
      parts.push(part);
      sizeBytes += part.length;
      keptBytes += part.length;
      for (let [first] = parts; first && keptBytes - first.length > lastBytes; [first] = parts) {
        keptBytes -= first.length;
        parts.shift();
      }
      // servers may send a little more than they were asked for
      if (sizeBytes >= query.limitBytes) break;
    }
    return { end: Buffer.concat(parts), sizeBytes };
  };
  const inTime = async <Result>(
    pod: string,
    given: CallOptions | undefined,
    read: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> => {
    // whole milliseconds are all that it takes
    const deadline = AbortSignal.timeout(Math.ceil(given?.timeoutMs ?? timeoutMs));
    try {
      return await read(given?.signal ? AbortSignal.any([given.signal, deadline]) : deadline);
    } catch (error) {
      if (!deadline.aborted || given?.signal?.aborted) throw error;
      throw new ClusterError("unavailable", `The log of the Pod ${pod} did not come in time.`);
    }
  };

  return {
    async readLog(pod, query = {}, given) {
      const limitBytes = query.limitBytes ?? MOST_BYTES;
      const { end } = await inTime(pod, given, (signal) =>
        take(pod, { ...query, limitBytes }, limitBytes, signal),
      );
      return end.subarray(0, limitBytes);
    },

    readLogEnd: (pod, { lastBytes, tailLines: most, ...query }, given) =>
      inTime(pod, given, (signal) => {
        const read = (tailLines: number) =>
          take(pod, { ...query, tailLines, limitBytes: READ_BYTES }, lastBytes, signal);
        return readLogEnd(read, lastBytes, most);
      }),

    streamLog: (pod, query, signal) => stream(pod, { ...query, follow: true }, signal),
  };
}

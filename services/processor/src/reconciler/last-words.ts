/** What a job's container wrote, as it is kept. */
import { type Cluster, ClusterError } from "../cluster/index.ts";
import { JOB_CONTAINER } from "../pod/pod-names.ts";

export const KEPT_BYTES = 256 * 1024;
/** A server counts a limit of bytes from the beginning, and lines from the end. */
const TRIES = [
  { tailLines: 8000, limitBytes: 8 * 1024 * 1024 },
  { tailLines: 250, limitBytes: 8 * 1024 * 1024 },
] as const;

/** Empty where there is none. @throws ClusterError when it cannot be had now. */
export async function readLastWords(
  cluster: Cluster,
  podName: string,
  timeoutMs: () => number,
): Promise<string> {
  let bytes = Buffer.alloc(0);
  for (const { tailLines, limitBytes } of TRIES) {
    try {
      const query = { container: JOB_CONTAINER, tailLines, limitBytes };
      bytes = Buffer.from(await cluster.readLog(podName, query, { timeoutMs: timeoutMs() }));
    } catch (error) {
      if (error instanceof ClusterError && NO_LOG.has(error.kind)) return "";
      throw error;
    }
    if (bytes.length < limitBytes) break;
  }
  return textOf(bytes);
}

const NO_LOG: ReadonlySet<string> = new Set(["not_found", "not_started", "invalid"]);

/** The database takes any text but NUL; a character that was cut is shown as one. */
function textOf(bytes: Buffer): string {
  const text = bytes.subarray(-KEPT_BYTES).toString("utf8").replaceAll("\0", "");
  return bytes.length > KEPT_BYTES ? text.slice(text.indexOf("\n") + 1) : text;
}

const LINES = 10;
const LINE_LENGTH = 200;

/** The last lines, for a sentence about a command that failed. */
export const lastLinesOf = (log: string): string =>
  log
    .trimEnd()
    .split("\n")
    .slice(-LINES)
    .map((line) => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line))
    .join("\n");

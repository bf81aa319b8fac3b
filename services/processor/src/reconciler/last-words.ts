/** What a job's container wrote, as it is kept. */
import { type Cluster, ClusterError } from "../cluster/index.ts";
import { JOB_CONTAINER } from "../pod/pod-names.ts";

const KEPT_BYTES = 256 * 1024;

/** Empty where there is none. @throws ClusterError when it cannot be had now. */
export async function readLastWords(
  cluster: Cluster,
  podName: string,
  timeoutMs: number,
): Promise<string> {
  try {
    const query = { container: JOB_CONTAINER, lastBytes: KEPT_BYTES };
    const log = await cluster.readLogEnd(podName, query, { timeoutMs });
    // the database takes any text but NUL
    return log.toString("utf8").replaceAll("\0", "");
  } catch (error) {
    if (error instanceof ClusterError && NO_LOG.has(error.kind)) return "";
    throw error;
  }
}

const NO_LOG: ReadonlySet<string> = new Set(["not_found", "not_started", "invalid"]);

const LINES = 10;
const LINE_LENGTH = 200;

/** The last lines, for a sentence about a command that failed. */
export const lastLinesOf = (log: string): string =>
  log
    .trimEnd()
    .split("\n")
    .slice(-LINES)
    // a line that was drawn over is what was drawn last
    .map((line) => line.trimEnd().slice(line.trimEnd().lastIndexOf("\r") + 1))
    .map((line) => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line))
    .join("\n");

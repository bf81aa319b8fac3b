/** Reads a process's log: keeps one small record a request, counts and samples the rest. */

export interface AccessRecord {
  readonly requestId: string;
  readonly status: number;
  readonly route: string;
  /** Under which id the upstream was asked, when that was another request's. */
  readonly upstreamRequestId: string | undefined;
  readonly durationMs: number;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** Lines other than access lines that are kept; more are only counted. */
const KEPT_LINES = 2000;

export class LogCollector {
  readonly requests: AccessRecord[] = [];
  /** Everything that is no access line, the first ones only. */
  readonly lines: LogLine[] = [];
  /** Output that is no JSON line. */
  readonly noise: string[] = [];
  /** Sees every piece of output as it is. */
  onText: ((text: string) => void) | undefined;
  keepsRequests = true;
  #rest = "";

  add(text: string): void {
    this.onText?.(text);
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line) this.#addLine(line);
  }

  /** The first line with this message, at or after a number of lines. */
  find(message: string, from = 0): LogLine | undefined {
    return this.lines.slice(from).find(({ msg }) => msg === message);
  }

  #addLine(text: string): void {
    let line: LogLine;
    try {
      line = JSON.parse(text) as LogLine;
    } catch {
      if (this.noise.length < KEPT_LINES) this.noise.push(text);
      return;
    }
    if (line.msg !== "request") {
      if (this.lines.length < KEPT_LINES) this.lines.push(line);
      return;
    }
    if (!this.keepsRequests) return;
    this.requests.push({
      requestId: String(line.request_id),
      status: Number(line.status),
      route: String(line.route),
      upstreamRequestId:
        typeof line.upstream_request_id === "string" ? line.upstream_request_id : undefined,
      durationMs: Number(line.duration_ms),
    });
  }
}

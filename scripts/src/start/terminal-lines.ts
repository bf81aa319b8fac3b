/** How log lines read on a terminal, and which of them are worth a row. */
import { isColorSupported, prettyFactory } from "pino-pretty";

export interface LogLine {
  readonly [key: string]: unknown;
}

export interface TerminalLines {
  /** Undefined for a line that tells a person nothing. */
  render(line: LogLine): string | undefined;
  showRequests(): void;
}

/** What a service says of its own life; a run says it in a line of its own. */
const LIFE = new Set(["listening", "stopping", "stopped"]);

export function createTerminalLines(): TerminalLines {
  let isReady = false;
  const pretty = prettyFactory({
    colorize: isColorSupported,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
    include: "time,level,error,code,reason",
    messageFormat: messageOf,
  });
  return {
    render(line) {
      if (line.level === "info" && !isWorthARow(line, isReady)) return undefined;
      return pretty(briefly(line)).trimEnd();
    },
    showRequests() {
      isReady = true;
    },
  };
}

/** What a service has expected has no stack to look at. */
function briefly(line: LogLine): LogLine {
  const { error, ...rest } = line;
  if (line.level !== "warn" || typeof error !== "object" || error === null) return line;
  const { type, message } = error as { readonly type?: unknown; readonly message?: unknown };
  return { reason: `${type}: ${message}`, ...rest };
}

function isWorthARow({ service, msg, decision, denied }: LogLine, isReady: boolean): boolean {
  if (service === "start") return true;
  if (!isReady || LIFE.has(String(msg))) return false;
  return decision !== "allow" && !(decision === "filter" && denied === 0);
}

/** One readable line: a request as `gateway GET /config 200 3.1 ms`, anything else as its message. */
function messageOf(line: LogLine): string {
  const { service, msg, method, path, operation, status, duration_ms: ms } = line;
  if (service === "start") return String(msg);
  if (line.audit === true) return `${service} ${auditOf(line)}`;
  const what = method ? `${method} ${path}` : operation;
  return what ? `${service} ${what} ${status} ${ms} ms` : `${service} ${msg}`;
}

/** Who was denied what by which rule; of other doings, what was done and by whom. */
function auditOf(line: LogLine): string {
  const { decision, caller, verb, name, rule, allowed, denied, event, outcome, username } = line;
  if (decision === "deny") return `denied ${caller}: ${verb} ${name} (rule ${rule})`;
  if (decision === "filter") {
    const total = Number(allowed) + Number(denied);
    return `denied ${caller}: ${denied} of ${total} items of ${verb} ${name}`;
  }
  return [event ?? decision, outcome, username ?? caller].filter(Boolean).join(" ");
}

/** The audit log: a line for every decision, beside the access log and with its request's id. */
import type { Logger } from "@airlock/http";
import type { Decision } from "./policy.ts";
import { ANONYMOUS, type Verb } from "./rule.ts";

interface Asked {
  /** Verified name; undefined where callers are not asked. */
  readonly caller: string | undefined;
  /** Address of the client, of the gateway where that does not tell it. */
  readonly peer: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly verb: Verb;
  /** What was asked for: the name of a parameter, `s3://bucket/key`. Never a value. */
  readonly name: string;
  /** Where the answer came from; undefined where it was never looked for. */
  readonly cache?: string | undefined;
}

export interface Audit {
  decision(line: Asked & { readonly decision: Decision }): void;
  /** One line for a whole list: how many of its items policy showed and kept back. */
  list(line: Asked & { readonly allowed: number; readonly denied: number }): void;
}

/** The lines are written at LOG_LEVEL=error too: only `silent` turns them off. */
export function createAudit(log: Logger): Audit {
  const level = log.level === "silent" ? "silent" : "info";
  const lines = log.child({ audit: true }, { level });
  return {
    decision({ decision: { allow, rule }, ...asked }) {
      lines.info({ ...membersOf(asked), decision: allow ? "allow" : "deny", rule }, "access");
    },
    list({ allowed, denied, ...asked }) {
      lines.info({ ...membersOf(asked), decision: "filter", allowed, denied }, "access");
    },
  };
}

const membersOf = ({ caller = ANONYMOUS, peer, requestId, traceId, verb, name, cache }: Asked) => ({
  caller,
  peer,
  verb,
  name,
  ...(cache !== undefined && { cache }),
  request_id: requestId,
  trace_id: traceId,
});

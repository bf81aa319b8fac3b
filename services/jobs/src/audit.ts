/** The audit log: a line for every login, key and change, beside the access log. */
import { type Logger, traceContextOf } from "@airlock/http";
import type { FastifyRequest } from "fastify";

export type AuditEvent =
  | "login"
  | "key_ended"
  | "key_rotated"
  | "key_revoked"
  | "job_submitted"
  | "job_cancel"
  | "job_extend"
  | "job_enable_jupyter"
  | "job_disable_jupyter"
  | "job_add_user"
  | "tunnel_opened"
  | "tunnel_closed"
  | "disk_create"
  | "disk_clone"
  | "disk_resize"
  | "disk_snapshot"
  | "disk_delete"
  | "disk_restore"
  | "disk_rename"
  /** What an operator asked for. */
  | `admin_${string}`;

/** What was done to what. Never a key, a credential or a value of a job's environment. */
export type AuditFields = Readonly<Record<string, string | number | boolean | null>>;

export interface Audit {
  /** @param request whose user, where there is one, address and id stand in the line. */
  done(request: FastifyRequest, event: AuditEvent, fields: AuditFields): void;
  refused(request: FastifyRequest, event: AuditEvent, fields: AuditFields): void;
  /** It is not known what came of it. */
  failed(request: FastifyRequest, event: AuditEvent, fields: AuditFields): void;
}

/** The lines are written at LOG_LEVEL=error too: only `silent` turns them off. */
export function createAudit(log: Logger): Audit {
  const level = log.level === "silent" ? "silent" : "info";
  const lines = log.child({ audit: true }, { level });
  const write =
    (outcome: keyof Audit): Audit["done"] =>
    ({ caller, client, user, id, raw }, event, fields) => {
      const who = {
        ...(caller !== undefined && { caller }),
        ...(user !== undefined && { username: user.username }),
      };
      const { traceId } = traceContextOf(raw);
      const from = { peer: client.address, request_id: id, trace_id: traceId };
      lines.info({ event, outcome, ...who, ...fields, ...from }, "audit");
    };
  return { done: write("done"), refused: write("refused"), failed: write("failed") };
}

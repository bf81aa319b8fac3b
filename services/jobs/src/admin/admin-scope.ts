/** Routes of operators: nobody else gets in, and each call has its line in the audit log. */
import { ProblemError } from "@airlock/contract";
import type { App } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Audit, AuditFields } from "../audit.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Of a route of operators: the event of its audit lines, `admin_` and this. */
    adminVerb?: string;
  }
  interface FastifyRequest {
    /** What a route of operators has to tell the audit log beside its path. */
    auditFields: AuditFields | undefined;
  }
}

export interface AdminScopeDeps {
  readonly isAdmin: (caller: string | undefined) => boolean;
  readonly audit: Audit;
}

/** @param addRoutes registers them, behind the check of the API key. Each has an `adminVerb`. */
export async function adminScope(
  app: App,
  { isAdmin, audit }: AdminScopeDeps,
  addRoutes: (scope: App) => void,
): Promise<void> {
  await app.register(async (scope) => {
    scope.decorateRequest("auditFields", undefined);
    scope.addHook("onRoute", ({ url, config }) => {
      if (config?.adminVerb === undefined) throw new Error(`${url} has no adminVerb`);
    });
    // before a body or a query is looked at: who may not learns nothing about them
    scope.addHook("onRequest", async ({ caller }) => {
      if (!isAdmin(caller)) throw adminOnly();
    });
    // of answers and of refusals; a client that left meanwhile has its line as well
    scope.addHook("onSend", async (request, reply) => tell(audit, request, reply));
    addRoutes(scope);
  });
}

function tell(audit: Audit, request: FastifyRequest, { statusCode: status }: FastifyReply): void {
  // whoever has no good key is refused by its check, and no operator
  if (request.user === undefined) return;
  const outcome = status < 400 ? "done" : status < 500 ? "refused" : "failed";
  const { config, url } = request.route;
  const named = { ...idsIn(request.params), ...request.auditFields };
  const fields = { ...named, status, route: url ?? "" };
  audit[outcome](request, `admin_${config.adminVerb ?? ""}`, fields);
}

/** Long enough for an id; of a whole key that somebody pastes into a path what may be shown of it. */
const ID_LENGTH = 64;
const KEY_PREFIX_LENGTH = 13;

const idsIn = (params: unknown): AuditFields =>
  Object.fromEntries(
    Object.entries(params ?? {}).map(([name, text]) => [
      name,
      String(text).slice(0, name === "key_prefix" ? KEY_PREFIX_LENGTH : ID_LENGTH),
    ]),
  );

const adminOnly = () =>
  new ProblemError(
    "admin_only",
    "Only operators may do this, and this key is of nobody who is one.",
  );

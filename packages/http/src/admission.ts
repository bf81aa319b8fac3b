/** Who is let in: asked once a request has arrived, counted even where it is refused before that. */
import { type ProblemCode, ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { App } from "./app-type.ts";
import type { ClientAddress } from "./client-address.ts";
import { isProbe } from "./probes.ts";

export interface Admission {
  /**
   * Lets a request in, or throws. Asked once the request has arrived whole, and before it is told
   * whether there is anything at its path; never for probes.
   */
  admit(request: FastifyRequest): Promise<void> | void;
  /**
   * Counts a request that was refused before it could be asked for: a bad Host, a path that cannot be
   * decoded. Never called for probes.
   *
   * @throws what such a request is answered instead.
   */
  countRefused?(request: FastifyRequest): void;
  /**
   * Counts a head that nobody can read, for whoever sent it.
   *
   * @throws what it is answered instead.
   */
  countUnreadable?(client: ClientAddress): void;
}

/** What is needed of a guard of packages/identity. */
export interface GuardCheck<Allowed extends { readonly allow: true }, Via = unknown> {
  /** Who was let in a moment ago, found without asking anybody. */
  known(rawHeaders: readonly string[], via?: Via): Allowed | undefined;
  /** Never rejects. */
  check(rawHeaders: readonly string[], via?: Via): Promise<Allowed | GuardRefusal>;
}

export interface GuardRefusal {
  readonly allow: false;
  readonly status: 401 | 403 | 503;
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RefusalWords {
  /** The member of the log line that tells the reason. */
  readonly logField: string;
  /** For the client, who learns no more than the status, unless the guard has a sentence of its own. */
  readonly details: Readonly<Record<GuardRefusal["status"], string>>;
}

/** The reason of a refusal goes to the log, the rest to whoever asked. */
export function refusalProblem(
  request: FastifyRequest,
  { status, code, headers, reason, detail }: GuardRefusal,
  { logField, details }: RefusalWords,
): ProblemError {
  request.logFields = { [logField]: reason };
  return new ProblemError(code, detail ?? details[status], { headers });
}

export function registerAdmission(app: App, admission: Admission | undefined): void {
  app.decorateRequest("caller", undefined);
  app.decorateRequest("groups", undefined);
  app.decorateRequest("isFromKnownService", false);
  app.decorateRequest("isClientTold", false);
  app.decorateRequest("isCounted", false);
  if (admission === undefined) return;
  app.addHook("onRequest", (request, _reply, done) => {
    const asked = isProbe(request.url) ? undefined : admission.admit(request);
    if (asked === undefined) done();
    else asked.then(() => done(), done);
  });
}

/** What a request is refused with: the error, or that too many come from there, which is counted here. */
export function countedRefusal(
  admission: Admission | undefined,
  error: unknown,
  request: FastifyRequest,
): unknown {
  if (request.isCounted || isProbe(request.url)) return error;
  try {
    admission?.countRefused?.(request);
    return error;
  } catch (instead) {
    return instead;
  }
}

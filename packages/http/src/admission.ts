/** Who is let in: asked once a request has arrived, counted even where it is refused before that. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { App } from "./app-type.ts";
import type { ClientAddress } from "./client-address.ts";
import { isProbe } from "./probes.ts";

export interface Admission {
  /**
   * Lets a request in, or throws. Asked once the request has arrived whole, and before it is told
   * whether there is anything at its path; never for probes.
   */
  admit(request: FastifyRequest, reply: FastifyReply): Promise<void> | void;
  /**
   * Counts a request that was refused before it could be asked for: a bad Host, a path that cannot be
   * decoded. Never called for probes.
   *
   * @throws what such a request is answered instead.
   */
  countRefused?(request: FastifyRequest, reply: FastifyReply): void;
  /**
   * Counts a head that nobody can read, for whoever sent it.
   *
   * @throws what it is answered instead.
   */
  countUnreadable?(client: ClientAddress): void;
}

export function registerAdmission(app: App, admission: Admission | undefined): void {
  app.decorateRequest("caller", undefined);
  app.decorateRequest("groups", undefined);
  app.decorateRequest("isFromKnownService", false);
  app.decorateRequest("isClientTold", false);
  app.decorateRequest("isCounted", false);
  if (admission === undefined) return;
  app.addHook("onRequest", (request, reply, done) => {
    const asked = isProbe(request.url) ? undefined : admission.admit(request, reply);
    if (asked === undefined) done();
    else asked.then(() => done(), done);
  });
}

/** What a request is refused with: the error, or that too many come from there, which is counted here. */
export function countedRefusal(
  admission: Admission | undefined,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): unknown {
  if (request.isCounted || isProbe(request.url)) return error;
  try {
    admission?.countRefused?.(request, reply);
    return error;
  } catch (instead) {
    return instead;
  }
}

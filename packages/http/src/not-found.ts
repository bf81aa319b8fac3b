/** 404 for unknown paths, 405 with Allow for known paths asked with another method. */

import { ProblemError } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import createRouter, { type HTTPMethod } from "find-my-way";
import type { App } from "./app-type.ts";

const ASKED: readonly HTTPMethod[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/**
 * Watches the routes as they are added, so it must be registered before them. The check runs
 * before any body is parsed: a wrong method is 405 whatever it carries.
 */
export function registerNotFound(app: App, maxParamLength: number): void {
  const router = createRouter({ maxParamLength });
  const served = new Set<HTTPMethod>();
  app.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat() as HTTPMethod[]) {
      if (!ASKED.includes(one) || router.hasRoute(one, url)) continue;
      router.on(one, url, () => {});
      served.add(one);
    }
  });
  const isAnswered = (method: HTTPMethod, { originalUrl, raw, url }: FastifyRequest): boolean => {
    // of a tunnel, or of the server as a whole, no path is asked
    if (raw.method === "CONNECT" || originalUrl === "*") return served.has(method);
    return router.find(method, url.split("?", 1)[0] ?? "/") !== null;
  };
  app.addHook("onRequest", (request, _reply, done) => {
    if (!request.is404) return done();
    const allow = ASKED.filter((method) => isAnswered(method, request)).join(", ");
    if (allow === "") return done(new ProblemError("not_found", "There is nothing at this path."));
    done(
      new ProblemError("method_not_allowed", `Only ${allow} can be asked here.`, {
        headers: { allow },
      }),
    );
  });
  app.setNotFoundHandler(() => {
    throw new ProblemError("not_found", "There is nothing at this path.");
  });
}

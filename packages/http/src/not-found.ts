/** 404 for unknown paths, 405 with Allow for known paths asked with another method. */

import { ProblemError } from "@airlock/contract";
import createRouter, { type HTTPMethod } from "find-my-way";
import type { App } from "./app-type.ts";

const ASKED: readonly HTTPMethod[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/**
 * Watches the routes as they are added, so it must be registered before them. The check runs
 * before any body is parsed: a wrong method is 405 whatever it carries.
 */
export function registerNotFound(app: App, maxParamLength: number): void {
  const router = createRouter({ maxParamLength });
  app.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat() as HTTPMethod[]) {
      if (ASKED.includes(one) && !router.hasRoute(one, url)) router.on(one, url, () => {});
    }
  });
  app.addHook("onRequest", (request, _reply, done) => {
    if (!request.is404) return done();
    const path = request.url.split("?", 1)[0] ?? "/";
    const allow = ASKED.filter((method) => router.find(method, path) !== null).join(", ");
    if (allow === "") return done(new ProblemError("not_found", "There is nothing at this path."));
    done(
      new ProblemError("method_not_allowed", `This path answers ${allow}.`, { headers: { allow } }),
    );
  });
  app.setNotFoundHandler(() => {
    throw new ProblemError("not_found", "There is nothing at this path.");
  });
}

/** `/livez`, `/readyz`, `/version`: what Kubernetes and people ask a process about itself. */
import type { CommonSettings } from "@airlock/config";
import { Probe, Version } from "@airlock/contract";
import type { App } from "./app-type.ts";

const PROBES = new Set(["/livez", "/readyz"]);

/** Probes come from the node: they carry any Host, are never shed and not logged above debug. */
export const isProbe = (url: string): boolean => {
  if (!url.startsWith("/livez") && !url.startsWith("/readyz")) return false; // nearly all of them
  const query = url.indexOf("?");
  return PROBES.has(query < 0 ? url : url.slice(0, query));
};

/**
 * @param isReady whether to send traffic here; draining is seen to by the caller.
 */
export function registerProbes(app: App, settings: CommonSettings, isReady: () => boolean): void {
  app.get(
    "/livez",
    {
      schema: {
        summary: "Is the process alive? Knows nothing outside of it.",
        tags: ["probes"],
        response: { 200: Probe },
      },
    },
    async () => ({ status: "ok" as const }),
  );
  app.get(
    "/readyz",
    {
      schema: {
        summary: "Should traffic be sent here?",
        tags: ["probes"],
        response: { 200: Probe, 503: Probe },
      },
    },
    async (_request, reply) => {
      if (isReady()) return { status: "ok" as const };
      return reply.code(503).header("retry-after", "1").send({ status: "unavailable" });
    },
  );
  app.get(
    "/version",
    {
      schema: { summary: "What is running here.", tags: ["about"], response: { 200: Version } },
    },
    async () => ({
      version: settings.VERSION,
      git_sha: settings.GIT_SHA,
      build_time: settings.BUILD_TIME,
      service: settings.SERVICE_NAME,
      environment: settings.ENVIRONMENT,
      region: settings.AWS_REGION,
    }),
  );
}

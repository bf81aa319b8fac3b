/** `/storage`: S3, by way of aux. */
import { Buckets, Problem } from "@airlock/contract";
import type { App } from "@airlock/http";
import type { Forward } from "../upstream/forward.ts";

export function storageRoutes(app: App, toAux: Forward): void {
  app.get(
    "/storage",
    {
      schema: {
        summary: "Every S3 bucket of the account.",
        tags: ["storage"],
        response: { 200: Buckets, 403: Problem, 502: Problem, 503: Problem, 504: Problem },
      },
    },
    (request, reply) => toAux(request, reply, { path: "/s3/buckets", timing: "list" }),
  );
}

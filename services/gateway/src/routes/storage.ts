/** `/storage`: S3, by way of aux. */
import { Buckets } from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import type { Forward } from "../upstream/forward.ts";

export function storageRoutes(app: App, toAux: Forward): void {
  app.get(
    "/storage",
    {
      schema: {
        summary: "Every S3 bucket of the account.",
        tags: ["storage"],
        response: { 200: Buckets, ...problems(401, 403, 429, 502, 503, 504) },
      },
    },
    (request, reply) => toAux(request, reply, { path: "/s3/buckets", timing: "list" }),
  );
}

/** `/s3/*`: S3. */
import type { BucketStore } from "@airlock/aws";
import { Buckets, Problem } from "@airlock/contract";
import type { App } from "@airlock/http";

export function s3Routes(app: App, buckets: BucketStore): void {
  app.get(
    "/s3/buckets",
    {
      schema: {
        summary: "Every S3 bucket of the account.",
        tags: ["s3"],
        response: { 200: Buckets, 403: Problem, 502: Problem, 503: Problem, 504: Problem },
      },
    },
    (request) => buckets.list({ signal: request.signal }),
  );
}

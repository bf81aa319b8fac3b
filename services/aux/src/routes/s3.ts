/** `/s3/*`: S3. */
import type { BucketStore } from "@airlock/aws";
import { Buckets } from "@airlock/contract";
import { type App, problems } from "@airlock/http";

export function s3Routes(app: App, buckets: BucketStore): void {
  app.get(
    "/s3/buckets",
    {
      schema: {
        summary: "Every S3 bucket of the account.",
        tags: ["s3"],
        response: { 200: Buckets, ...problems(401, 403, 502, 503, 504) },
      },
    },
    (request) => buckets.list({ signal: request.signal }),
  );
}

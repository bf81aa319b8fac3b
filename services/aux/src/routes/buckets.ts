/** `/s3/buckets` and `/s3/buckets/{bucket}`: which buckets there are, and what is in one. */
import { type BucketStore, CLASSES, type ObjectStore } from "@airlock/aws";
import {
  Buckets,
  BucketsQuery,
  isBucketName,
  ObjectList,
  ObjectsQuery,
  ProblemError,
} from "@airlock/contract";
import { type App, clientLeft, problems } from "@airlock/http";
import * as z from "zod";
import type { Access } from "../access.ts";
import { clientOf } from "../client-of.ts";
import type { LargeAnswers } from "../large-answers.ts";
import { listObjects } from "../objects/list.ts";
import { pageOf } from "../pages.ts";
import { wantsFresh } from "../representation.ts";

const failures = problems(403, 502, 504);

export function bucketRoutes(
  app: App,
  buckets: BucketStore,
  objects: ObjectStore,
  access: Access,
  large: LargeAnswers,
  listLimitMs: number = CLASSES.list.wholeMs,
): void {
  app.get(
    "/s3/buckets",
    {
      schema: {
        summary: "The S3 buckets of the account.",
        tags: ["s3"],
        querystring: BucketsQuery,
        response: { 200: Buckets, ...failures },
      },
    },
    async (request, reply) => {
      const { prefix = "" } = request.query;
      const found = await buckets.list({
        caller: clientOf(request),
        signal: clientLeft(reply),
        revalidate: wantsFresh(request),
      });
      let denied = 0;
      const page = pageOf(`buckets ${prefix}`, found.value, request.query, ({ name }) => {
        if (!name.startsWith(prefix)) return false;
        const { allow } = access.decide(request, "list", { kind: "bucket", name });
        if (!allow) denied++;
        return allow;
      });
      const counts = { allowed: page.items.length, denied, cache: found.cache };
      access.recordList(request, "list", `bucket:${prefix}*`, counts);
      const body: Buckets = {
        count: page.items.length,
        buckets: page.items,
        ...(page.next !== undefined && { next_cursor: page.next }),
      };
      const news = body.count > 0 ? found : undefined;
      return large.send(request, reply, large.render(request, body), news);
    },
  );

  app.get(
    "/s3/buckets/:bucket",
    {
      schema: {
        summary: "The objects of a bucket, page by page.",
        tags: ["s3"],
        params: z.object({ bucket: z.string() }),
        querystring: ObjectsQuery,
        response: { 200: ObjectList, ...failures, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { bucket } = request.params;
      if (!isBucketName(bucket)) throw invalidBucket();
      const deps = { objects, access, limitMs: listLimitMs };
      const body = await listObjects(deps, request, clientLeft(reply), bucket, request.query);
      const news = { cache: "bypass", ageSeconds: 0 } as const;
      return large.send(request, reply, large.render(request, body), news);
    },
  );
}

const invalidBucket = () =>
  new ProblemError("invalid_bucket_name", "This is no name that a bucket may have.");

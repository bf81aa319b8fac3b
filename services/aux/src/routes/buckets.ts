/** `/s3/buckets` and `/s3/buckets/{bucket}`: which buckets there are, and what is in one. */
import type { BucketStore, ObjectStore } from "@airlock/aws";
import {
  Buckets,
  BucketsQuery,
  isBucketName,
  MAX_PAGE,
  ObjectList,
  ObjectsQuery,
  ProblemError,
  readCursor,
  writeCursor,
} from "@airlock/contract";
import { type App, clientLeft, problems } from "@airlock/http";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import type { Access } from "../access.ts";
import { pageOf } from "../pages.ts";
import { DEFAULT_RULE } from "../policy/policy.ts";
import { jsonOf, send, wantsFresh } from "../representation.ts";
import { noSuchBucket } from "./no-such.ts";

const failures = problems(400, 401, 403, 502, 503, 504);
const State = z.strictObject({ token: z.string() });
/** Pages of S3 that are asked for one page of ours, where policy hides all of the first ones. */
const MAX_HIDDEN_PAGES = 5;

export function bucketRoutes(
  app: App,
  buckets: BucketStore,
  objects: ObjectStore,
  access: Access,
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
        caller: request.caller,
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
      return send(request, reply, jsonOf(body), found);
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
      const body = await listObjects(request, clientLeft(reply), bucket, request.query);
      return send(request, reply, jsonOf(body), { cache: "bypass", ageSeconds: 0 });
    },
  );

  const listObjects = async (
    request: FastifyRequest,
    signal: AbortSignal,
    bucket: string,
    { prefix = "", delimiter, limit = MAX_PAGE, cursor }: z.infer<typeof ObjectsQuery>,
  ): Promise<ObjectList> => {
    const { caller } = request;
    const name = `s3://${bucket}/${prefix}*`;
    const mayBelow = (below: string) =>
      access.decide(request, "list", { kind: "prefix", bucket, prefix: below });
    // with another delimiter than a slash, what is rolled up may be the very name of an object
    const isDeniedKey = (key: string) => {
      if (key.endsWith("/")) return false;
      const { allow, rule } = access.decide(request, "list", { kind: "object", bucket, key });
      return !allow && rule !== DEFAULT_RULE;
    };
    const whole = mayBelow(prefix);
    if (!whole.allow) {
      access.record(request, "list", name, { decision: whole });
      throw access.refusal({ name, missing: noSuchBucket });
    }
    const list = `objects ${JSON.stringify([bucket, prefix, delimiter])}`;
    let token = cursor === undefined ? undefined : readCursor(list, cursor, State).token;
    let denied = 0;
    const body: ObjectList = { objects: [], prefixes: [], next_cursor: null };
    for (let pages = 0; pages < MAX_HIDDEN_PAGES; pages++) {
      const query = { prefix, limit, ...(delimiter && { delimiter }), ...(token && { token }) };
      const page = await objects.list(bucket, query, { caller, signal });
      for (const object of page.objects) {
        const resource = { kind: "object", bucket, key: object.key } as const;
        if (access.decide(request, "list", resource).allow) body.objects.push(object);
        else denied++;
      }
      for (const below of page.prefixes) {
        if (mayBelow(below).allow && !isDeniedKey(below)) body.prefixes.push(below);
        else denied++;
      }
      token = page.nextToken;
      if (token === undefined || body.objects.length + body.prefixes.length > 0) break;
    }
    const allowed = body.objects.length + body.prefixes.length;
    access.recordList(request, "list", name, { allowed, denied, cache: "bypass" });
    return token === undefined ? body : { ...body, next_cursor: writeCursor(list, { token }) };
  };
}

const invalidBucket = () =>
  new ProblemError("invalid_bucket_name", "This is no name that a bucket may have.");

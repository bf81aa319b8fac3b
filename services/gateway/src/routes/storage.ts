/** `/storage*` and `/presigned*`: S3, by way of aux. */
import {
  Buckets,
  BucketsQuery,
  ObjectList,
  ObjectsQuery,
  ObjectVersions,
  Presigned,
  PresignQuery,
  StorageQuery,
} from "@airlock/contract";
import { type App, bucketPathOf, objectPathOf, problems, setAnswerHeader } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import type { Forward } from "../upstream/forward.ts";
import { queryOf } from "../upstream/passing.ts";

const failures = problems(403, 502, 504);
const bucket = z.string().describe("Name of a bucket.");
const objectParams = z.object({
  bucket,
  "*": z.string().meta({
    title: "key",
    description: "Key of an object, percent-encoded; slashes may stay as they are.",
  }),
});
/** An object is anybody's bytes: shown by a browser, it may run nothing in our name. */
const OBJECT_CSP = "default-src 'none'; sandbox; frame-ancestors 'none'";

export function storageRoutes(app: App, toAux: Forward): void {
  app.get(
    "/storage",
    {
      schema: {
        summary: "The S3 buckets of the account.",
        tags: ["storage"],
        querystring: BucketsQuery,
        response: { 200: Buckets, ...failures },
      },
    },
    (request, reply) =>
      toAux(request, reply, { path: `/s3/buckets${queryOf(request.query)}`, class: "list" }),
  );
  // S3 knows no empty key, and lists the bucket for both
  for (const url of ["/storage/:bucket", "/storage/:bucket/"]) {
    app.get(
      url,
      {
        schema: {
          summary: "The objects of a bucket, page by page.",
          tags: ["storage"],
          params: z.object({ bucket }),
          querystring: ObjectsQuery,
          response: { 200: ObjectList, ...failures, ...problems(404) },
          hide: url.endsWith("/"),
        },
      },
      (request, reply) => {
        const path = `/s3/buckets/${bucketPathOf(request, "/storage/")}${queryOf(request.query)}`;
        return toAux(request, reply, { path, class: "list" });
      },
    );
  }
  objectRoutes(app, toAux);
  presignedRoute(app, toAux);
}

function objectRoutes(app: App, toAux: Forward): void {
  const bytes = { "*/*": { schema: z.string().meta({ format: "binary" }) } };
  const schema = {
    tags: ["storage"],
    params: objectParams,
    querystring: StorageQuery,
    response: {
      200: {
        description: "The object, with S3's Content-Type, or the list of its versions.",
        content: { ...bytes, "application/json": { schema: ObjectVersions } },
      },
      206: { description: "The bytes that Range names.", content: bytes },
      ...failures,
      ...problems(404, 409, 412, 416),
    },
  };
  type Asked = FastifyRequest<{ Querystring: z.infer<typeof StorageQuery> }>;
  const forward = (method: "GET" | "HEAD") => (request: Asked, reply: FastifyReply) => {
    const { versions, ...words } = request.query;
    const query = `${objectQuery(request, "/storage/")}${queryOf(words).replace("?", "&")}`;
    if (versions)
      return toAux(request, reply, { method, path: `/s3/versions?${query}`, class: "list" });
    setAnswerHeader(request, "content-security-policy", OBJECT_CSP);
    return toAux(request, reply, { method, path: `/s3/objects?${query}`, class: "stream" });
  };
  const summary =
    "An object, streamed; Range and If-* as in RFC 9110. With `versions`, a list of them.";
  const ownHead = { exposeHeadRoute: false };
  app.get("/storage/:bucket/*", { ...ownHead, schema: { ...schema, summary } }, forward("GET"));
  app.head("/storage/:bucket/*", { schema: { ...schema, hide: true } }, forward("HEAD"));
}

function presignedRoute(app: App, toAux: Forward): void {
  app.get(
    "/presigned/:bucket/*",
    {
      schema: {
        summary: "An address that fetches or puts one object without credentials.",
        tags: ["storage"],
        params: objectParams,
        querystring: PresignQuery,
        response: { 200: Presigned, ...failures, ...problems(404) },
      },
    },
    (request, reply) => {
      const { method, expires_in } = request.query;
      const words = queryOf({ method, expires_in }).slice(1);
      const path = `/s3/presigned?${objectQuery(request, "/presigned/")}&${words}`;
      return toAux(request, reply, { path, class: "value" });
    },
  );
}

/** In a query no rule about paths can touch a key: dots, slashes and plus signs are encoded. */
function objectQuery(request: FastifyRequest, prefix: string): string {
  const { bucket, key } = objectPathOf(request, prefix);
  return `bucket=${bucket}&key=${encodeURIComponent(key)}`;
}

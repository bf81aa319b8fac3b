/** `/s3/objects` and `/s3/presigned`: one object, streamed, or an address to fetch or put it. */
import type { ObjectAnswer, ObjectConditions, ObjectStore } from "@airlock/aws";
import { ObjectQuery, Presigned, PresignObjectQuery } from "@airlock/contract";
import { type App, clientLeft, headersForOne, problems, whenClosed } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import type { Access } from "../access.ts";
import { clientOf } from "../client-of.ts";
import { noSuchObject } from "../objects/no-such.ts";
import { tellProblem } from "../tell-problem.ts";

const failures = problems(403, 404, 502, 504);

export function objectRoutes(app: App, objects: ObjectStore, access: Access): void {
  const open = async (
    method: "GET" | "HEAD",
    request: FastifyRequest<{ Querystring: z.infer<typeof ObjectQuery> }>,
    reply: FastifyReply,
  ) => {
    const { bucket, key, version } = request.query;
    const name = `s3://${bucket}/${key}${version === undefined ? "" : `?version=${version}`}`;
    const resource = { kind: "object", bucket, key } as const;
    const decision = access.demand(request, "read", resource, { name, missing: noSuchObject });
    access.record(request, "read", name, { decision, cache: "bypass" });
    const options = { caller: clientOf(request), signal: clientLeft(reply), version };
    // from the beginning: an object whose first byte is late holds one of the few streams of S3 as well
    const leave = request.takePlace("stream");
    whenClosed(reply.raw, leave);
    let answer: ObjectAnswer | undefined;
    try {
      answer = await objects.open(method, bucket, key, conditionsOf(request), options);
    } finally {
      if (!answer?.body) leave();
    }
    const headers = access.isForOne(request) ? headersForOne(answer) : answer.headers;
    reply.code(answer.status).headers(headers).header("x-cache", "bypass");
    return reply.send(answer.body ?? undefined);
  };
  const bytes = { "*/*": { schema: z.string().meta({ format: "binary" }) } };
  const schema = {
    tags: ["s3"],
    querystring: ObjectQuery,
    response: {
      200: { description: "The bytes of the object, with S3's Content-Type.", content: bytes },
      206: { description: "The bytes that Range names.", content: bytes },
      ...failures,
      ...problems(409, 412, 416),
    },
  };
  app.get(
    "/s3/objects",
    {
      exposeHeadRoute: false,
      schema: { ...schema, summary: "An object, streamed; Range and If-* as in RFC 9110." },
    },
    (request, reply) => open("GET", request, reply),
  );
  app.head(
    "/s3/objects",
    {
      onSend: tellProblem,
      schema: { ...schema, summary: "What is known of an object, without its bytes." },
    },
    (request, reply) => open("HEAD", request, reply),
  );

  app.get(
    "/s3/presigned",
    {
      schema: {
        summary: "An address that fetches or puts one object without credentials.",
        tags: ["s3"],
        querystring: PresignObjectQuery,
        response: { 200: Presigned, ...failures },
      },
    },
    async (request) => {
      const { bucket, key, method, expires_in: expiresInSeconds } = request.query;
      const verb = method === "GET" ? "presign-get" : "presign-put";
      const name = `s3://${bucket}/${key}`;
      const resource = { kind: "object", bucket, key } as const;
      const decision = access.demand(request, verb, resource, { name, missing: noSuchObject });
      access.record(request, verb, name, { decision });
      const { url, expiresAt } = await objects.presign(bucket, key, { method, expiresInSeconds });
      return { url, method, expires_at: expiresAt.toISOString() };
    },
  );
}

function conditionsOf({ headers }: FastifyRequest): ObjectConditions {
  return {
    range: headers.range,
    ifMatch: headers["if-match"],
    ifNoneMatch: headers["if-none-match"],
    ifModifiedSince: headers["if-modified-since"],
    ifUnmodifiedSince: headers["if-unmodified-since"],
    ifRange: headers["if-range"]?.toString(),
  };
}

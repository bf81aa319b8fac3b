/** `/s3/versions`: the versions of one object. */
import type { ObjectStore } from "@airlock/aws";
import { MAX_PAGE, ObjectVersions, readPlace, VersionsQuery, writePlace } from "@airlock/contract";
import { type App, clientLeft, problems } from "@airlock/http";
import type { Access } from "../access.ts";
import { clientOf } from "../client-of.ts";
import type { LargeAnswers } from "../large-answers.ts";
import { noSuchObject } from "../objects/no-such.ts";
import { tellProblem } from "../tell-problem.ts";

export function objectVersionsRoute(
  app: App,
  objects: ObjectStore,
  access: Access,
  large: LargeAnswers,
): void {
  app.get(
    "/s3/versions",
    {
      onSend: tellProblem,
      schema: {
        summary: "The versions of an object, page by page, the newest first.",
        tags: ["s3"],
        querystring: VersionsQuery,
        response: { 200: ObjectVersions, ...problems(403, 404, 502, 504) },
      },
    },
    async (request, reply) => {
      const { bucket, key, limit = MAX_PAGE, cursor } = request.query;
      const name = `s3://${bucket}/${key}?versions`;
      const resource = { kind: "object", bucket, key } as const;
      const decision = access.demand(request, "list", resource, { name, missing: noSuchObject });
      access.record(request, "list", name, { decision, cache: "bypass" });
      const list = `versions ${JSON.stringify([bucket, key])}`;
      const after = cursor === undefined ? undefined : readPlace(list, cursor);
      const options = { caller: clientOf(request), signal: clientLeft(reply) };
      const { versions, next } = await objects.versions(bucket, key, { limit, after }, options);
      if (versions.length === 0 && after === undefined) throw noSuchObject();
      const next_cursor = next === undefined ? null : writePlace(list, next);
      const body: ObjectVersions = { key, versions, next_cursor };
      const news = { cache: "bypass", ageSeconds: 0 } as const;
      return large.send(request, reply, large.render(request, body), news);
    },
  );
}

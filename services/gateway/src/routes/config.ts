/** `/config*`: SSM Parameter Store, by way of aux. */
import {
  BatchQuery,
  BatchRequest,
  Parameter,
  ParameterBatch,
  ParameterQuery,
  Parameters,
  ParametersQuery,
  ParameterTree,
  withoutSlash,
} from "@airlock/contract";
import { type App, parameterNameOf, problems } from "@airlock/http";
import * as z from "zod";
import type { Forward } from "../upstream/forward.ts";
import { queryOf } from "../upstream/passing.ts";

const failures = problems(403, 409, 502, 504);

/** @param maxWaitSeconds what a longer wait is cut to. */
export function configRoutes(app: App, toAux: Forward, maxWaitSeconds: number): void {
  app.get(
    "/config",
    {
      config: { longTargetHint: "A batch of names can be sent in the body of POST /config/batch." },
      schema: {
        summary: "SSM parameters: names (a list), or values of a tree (path) or a batch (name).",
        tags: ["config"],
        querystring: ParametersQuery,
        response: {
          200: z.union([Parameters, ParameterTree, ParameterBatch]),
          ...failures,
        },
      },
    },
    (request, reply) => {
      const { name, recursive, decrypt, ...others } = request.query;
      const query = queryOf({
        ...others,
        // no list of names grows beyond what was sent
        name: name?.map(withoutSlash),
        recursive: recursive || undefined,
        decrypt: decrypt === false ? false : undefined,
      });
      return toAux(request, reply, { path: `/parameters${query}`, class: "list" });
    },
  );
  app.post(
    "/config/batch",
    {
      schema: {
        summary: "Several values at once, for lists that are too long for a URL.",
        tags: ["config"],
        querystring: BatchQuery,
        body: BatchRequest,
        response: { 200: ParameterBatch, ...failures },
      },
    },
    (request, reply) => {
      const { names, decrypt } = request.body;
      const body = JSON.stringify({ names: names.map(withoutSlash), decrypt });
      const path = "/parameters/batch";
      return toAux(request, reply, {
        method: "POST",
        path,
        body,
        class: "list",
        isRepeatable: true,
      });
    },
  );
  app.get(
    "/config/*",
    {
      schema: {
        summary: "The value of one parameter, decrypted unless asked otherwise.",
        description:
          "`Accept: text/plain` answers with the value and nothing else. With `If-None-Match` an unchanged value is 304, with `wait` too once it is clear that it does not change so soon.",
        tags: ["config"],
        params: z.object({ "*": z.string().describe("Name, with or without its leading slash.") }),
        querystring: ParameterQuery,
        response: {
          200: {
            description: "The parameter.",
            content: {
              "application/json": { schema: Parameter },
              "text/plain": {
                schema: z.string().meta({
                  description: "The value, byte by byte.",
                  example: "db.example.com",
                }),
              },
            },
          },
          ...failures,
          ...problems(404),
        },
      },
    },
    (request, reply) => {
      const name = parameterNameOf(request, "/config/");
      const { version, label, decrypt, wait } = request.query;
      const query = queryOf({ version, label, decrypt: decrypt === false ? false : undefined });
      // nothing on the way can merge or decode what is left of a path without its first slash
      const path = `/parameters/${withoutSlash(name)}${query}`;
      const waitSeconds = wait && Math.min(wait, maxWaitSeconds);
      return toAux(request, reply, { path, class: "value", waitSeconds });
    },
  );
}

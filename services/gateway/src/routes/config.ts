/** `/config*`: SSM Parameter Store, by way of aux. */
import { Parameter, Parameters, Problem } from "@airlock/contract";
import { type App, parameterNameOf } from "@airlock/http";
import * as z from "zod";
import type { Forward } from "../upstream/forward.ts";

const failures = { 403: Problem, 502: Problem, 503: Problem, 504: Problem };

export function configRoutes(app: App, toAux: Forward): void {
  app.get(
    "/config",
    {
      schema: {
        summary: "Every SSM parameter, without values.",
        tags: ["config"],
        response: { 200: Parameters, ...failures },
      },
    },
    (request, reply) => toAux(request, reply, { path: "/parameters", timing: "list" }),
  );
  app.get(
    "/config/*",
    {
      schema: {
        summary: "The value of one parameter, decrypted.",
        tags: ["config"],
        params: z.object({ "*": z.string().describe("Name, with or without its leading slash.") }),
        response: { 200: Parameter, 400: Problem, 404: Problem, 414: Problem, ...failures },
      },
    },
    (request, reply) => {
      const name = parameterNameOf(request, "/config/");
      // the leading slash stays behind: nothing on the way can merge or decode what is left
      const path = `/parameters/${name.startsWith("/") ? name.slice(1) : name}`;
      return toAux(request, reply, { path, timing: "value" });
    },
  );
}

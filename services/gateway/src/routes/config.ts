/** `/config*`: SSM Parameter Store, by way of aux. */
import { Parameter, Parameters } from "@airlock/contract";
import { type App, parameterNameOf, problems } from "@airlock/http";
import * as z from "zod";
import type { Forward } from "../upstream/forward.ts";

const failures = problems(401, 403, 429, 502, 503, 504);

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
        response: { 200: Parameter, ...problems(400, 404, 414), ...failures },
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

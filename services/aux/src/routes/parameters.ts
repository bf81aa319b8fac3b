/** `/parameters*`: SSM Parameter Store. */
import type { ParameterStore } from "@airlock/aws";
import { Parameter, Parameters, Problem } from "@airlock/contract";
import { type App, parameterNameOf } from "@airlock/http";
import * as z from "zod";

const failures = { 403: Problem, 502: Problem, 503: Problem, 504: Problem };

export function parameterRoutes(app: App, parameters: ParameterStore): void {
  app.get(
    "/parameters",
    {
      schema: {
        summary: "Every SSM parameter, without values.",
        tags: ["parameters"],
        response: { 200: Parameters, ...failures },
      },
    },
    (request) => parameters.list({ signal: request.signal }),
  );
  app.get(
    "/parameters/*",
    {
      schema: {
        summary: "The value of one parameter, decrypted.",
        tags: ["parameters"],
        params: z.object({ "*": z.string().describe("Name, with or without its leading slash.") }),
        response: { 200: Parameter, 400: Problem, 404: Problem, 414: Problem, ...failures },
      },
    },
    (request) =>
      parameters.get(parameterNameOf(request, "/parameters/"), { signal: request.signal }),
  );
}

/** `/parameters*`: SSM Parameter Store. */
import type { ParameterStore } from "@airlock/aws";
import { Parameter, Parameters } from "@airlock/contract";
import { type App, parameterNameOf, problems } from "@airlock/http";
import * as z from "zod";

const failures = problems(401, 403, 502, 503, 504);

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
        response: { 200: Parameter, ...problems(400, 404, 414), ...failures },
      },
    },
    (request) =>
      parameters.get(parameterNameOf(request, "/parameters/"), { signal: request.signal }),
  );
}

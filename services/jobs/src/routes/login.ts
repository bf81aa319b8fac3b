/** `/v1/auth`: from an AWS identity to an API key. */
import { AwsLoginAnswer, LoginChallenge, RawAwsLogin } from "@airlock/contract";
import { type App, problems, validateAs } from "@airlock/http";
import { AwsLoginProof } from "@airlock/identity";
import * as z from "zod";
import type { Logins } from "../login.ts";

const LoginBody = z.union([AwsLoginProof, RawAwsLogin]);

/** Only credentials have members of AWS's own names. */
const formOf = (body: unknown) =>
  body instanceof Object &&
  !("signature" in body) &&
  Object.keys(body).some((name) => name.startsWith("aws_"))
    ? RawAwsLogin
    : AwsLoginProof;

export function loginRoutes(app: App, logins: Logins): void {
  app.post(
    "/v1/auth/challenge",
    {
      schema: {
        summary: "A challenge to sign a login with, good for one attempt within a minute.",
        tags: ["auth"],
        response: { 200: LoginChallenge },
      },
    },
    () => logins.challenge(),
  );
  app.post(
    "/v1/auth/aws-login",
    {
      validatorCompiler: validateAs(formOf),
      schema: {
        summary:
          "Trades a signed GetCallerIdentity request, or credentials in dev, for an API key.",
        tags: ["auth"],
        body: LoginBody,
        response: { 200: AwsLoginAnswer, ...problems(401, 403, 422) },
      },
    },
    (request) =>
      "signature" in request.body
        ? logins.byProof(request, request.body)
        : logins.byKeys(request, request.body),
  );
}

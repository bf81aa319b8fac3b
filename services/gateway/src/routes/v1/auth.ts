/** `/v1/auth` and `/v1/keys`: from an AWS identity to API keys. */
import {
  ApiKeys,
  AwsLoginAnswer,
  LoginChallenge,
  RawAwsLogin,
  RevokedKey,
  RotatedKey,
} from "@airlock/contract";
import { AwsLoginProof } from "@airlock/identity";
import * as z from "zod";
import type { JobsRoute } from "./jobs-route.ts";

export const LOGIN_ROUTES: readonly JobsRoute[] = [
  {
    method: "POST",
    url: "/v1/auth/challenge",
    summary: "A challenge to sign a login with, good for one attempt within a minute.",
    tag: "auth",
    isLogin: true,
    answer: LoginChallenge,
    problems: [],
  },
  {
    method: "POST",
    url: "/v1/auth/aws-login",
    summary: "Trades a signed GetCallerIdentity request, or credentials in dev, for an API key.",
    tag: "auth",
    body: z.union([AwsLoginProof, RawAwsLogin]),
    isLogin: true,
    answer: AwsLoginAnswer,
    problems: [401, 403, 422],
  },
];

export const KEY_ROUTES: readonly JobsRoute[] = [
  {
    method: "GET",
    url: "/v1/keys",
    summary: "The user's keys that work.",
    tag: "keys",
    answer: ApiKeys,
    problems: [],
  },
  {
    method: "POST",
    url: "/v1/keys/rotate",
    summary:
      "Ends the key of this request and gives another, for what is left of the login. Its repeat by Idempotency-Key is 409, for a minute with the key that has ended too.",
    tag: "keys",
    answer: RotatedKey,
    problems: [409],
  },
  {
    method: "DELETE",
    url: "/v1/keys/:key_prefix",
    summary: "Ends one of the user's keys, everywhere within a second.",
    tag: "keys",
    answer: RevokedKey,
    problems: [404],
  },
];

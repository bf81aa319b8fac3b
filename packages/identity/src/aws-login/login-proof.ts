/** What a client sends to prove an AWS identity: the few fields of a signature, never a request. */
import * as z from "zod";
import { CHALLENGE_PATTERN } from "./login-challenge.ts";
import { STS_REGIONS } from "./sts-regions.ts";

/**
 * The fields from which the signed GetCallerIdentity request is built again. None of them can hold a
 * line break or a separator of an Authorization header.
 */
export const AwsLoginProof = z
  .strictObject({
    region: z
      .string()
      .refine((region) => STS_REGIONS.has(region), "is no region with an STS of its own")
      .describe("Whose STS is asked, e.g. eu-west-1."),
    access_key_id: z
      .string()
      .regex(/^(?:AKIA|ASIA)[A-Z0-9]{12,124}$/, { error: "is no access key id" }),
    date: z
      .string()
      .regex(/^\d{8}T\d{6}Z$/, { error: "must be like 20260115T163000Z" })
      .describe("x-amz-date, e.g. 20260115T163000Z."),
    signature: z
      .string()
      .regex(/^[0-9a-f]{64}$/, { error: "must be 64 hex digits" })
      .describe("Signature Version 4 in hex."),
    session_token: z
      .string()
      .regex(/^[A-Za-z0-9+/=_-]{16,4096}$/, { error: "is no session token" })
      .optional(),
    challenge: z
      .string()
      .regex(CHALLENGE_PATTERN, { error: "is no challenge" })
      .describe("As POST /v1/auth/challenge gave it."),
  })
  .meta({ id: "AwsLoginProof" });
export type AwsLoginProof = z.infer<typeof AwsLoginProof>;

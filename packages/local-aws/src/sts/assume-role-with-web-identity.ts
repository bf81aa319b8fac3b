// AssumeRoleWithWebIdentity: temporary credentials for an unsigned call that carries a service account's token.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html

import { AwsError } from "../aws-error.ts";
import { KNOWN_ROLES } from "../known-identities.ts";
import { refusal } from "../refusals.ts";
import type { WireAnswer, WireRequest } from "../wire.ts";
import type { World } from "../world.ts";
import { startRoleSession } from "./role-session.ts";
import { roleRules, stsAnswer, stsMembers, validate, validationError } from "./sts-input.ts";

interface Claims {
  readonly sub: string;
  readonly aud: string;
  readonly iss: string;
}

/**
 * The claims of a token that has the form of a JWT. Its signature is not looked at: there is no issuer here to ask.
 * An `exp` in the past is refused as AWS does, since re-reading the token file is the client's duty.
 */
function readClaims(token: string, nowMs: number): Claims {
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+=*$/.test(part))) {
    throw new AwsError(
      "InvalidIdentityToken",
      400,
      "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    );
  }
  const claims = decodeClaims(parts[1] ?? "");
  if (typeof claims.exp === "number" && claims.exp * 1000 <= nowMs) {
    throw new AwsError(
      "ExpiredTokenException",
      400,
      `Token expired: current date/time ${Math.floor(nowMs / 1000)} must be before the expiration date/time ${claims.exp}`,
    );
  }
  const text = (value: unknown, otherwise: string) =>
    typeof value === "string" ? value : otherwise;
  const audience = Array.isArray(claims.aud) ? claims.aud[0] : claims.aud;
  return {
    sub: text(claims.sub, "unknown"),
    aud: text(audience, "sts.amazonaws.com"),
    iss: text(claims.iss, "unknown"),
  };
}

function decodeClaims(part: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof claims === "object" && claims !== null ? { ...claims } : {};
  } catch {
    // Any token of the right form is taken; one without readable claims has none.
    return {};
  }
}

export function assumeRoleWithWebIdentity(
  request: WireRequest,
  world: World,
  nowMs: number,
  requestId: string,
): WireAnswer {
  const members = stsMembers(request);
  const token = members.get("WebIdentityToken");
  validate([
    ...roleRules(members),
    {
      member: "webIdentityToken",
      value: token,
      required: true,
      minLength: 4,
      maxLength: 20_000,
      sensitive: true,
    },
  ]);
  const roleArn = members.get("RoleArn") ?? "";
  if (!roleArn.startsWith("arn:")) throw validationError("Request ARN is invalid");
  const claims = readClaims(token ?? "", nowMs);
  const role = KNOWN_ROLES.find(({ arn }) => arn === roleArn);
  if (!role?.trustsWebIdentity) {
    throw refusal("accessDenied", "sts", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
  }
  const session = startRoleSession(
    world,
    "AssumeRoleWithWebIdentity",
    role,
    members.get("RoleSessionName") ?? "",
    Number(members.get("DurationSeconds") ?? 3600),
    nowMs,
  );
  return stsAnswer(
    "AssumeRoleWithWebIdentity",
    {
      ...session,
      SubjectFromWebIdentityToken: claims.sub,
      Audience: claims.aud,
      Provider: claims.iss,
    },
    requestId,
  );
}

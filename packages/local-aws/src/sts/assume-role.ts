// AssumeRole: temporary credentials for a role that trusts the caller.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

import type { Principal } from "../auth/sessions.ts";
import { KNOWN_ROLES, type KnownRole } from "../known-identities.ts";
import { refusal } from "../refusals.ts";
import type { WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { startRoleSession } from "./role-session.ts";
import { roleRules, stsAnswer, stsMembers, validate, validationError } from "./sts-input.ts";

const DEFAULT_SECONDS = 3600;
const CHAINED_MAX_SECONDS = 3600;

export function assumeRole(call: Call): WireAnswer {
  const members = stsMembers(call.request);
  validate([
    ...roleRules(members),
    {
      member: "externalId",
      value: members.get("ExternalId"),
      minLength: 2,
      maxLength: 1224,
      pattern: /^[\w+=,.@:/-]*$/,
    },
  ]);
  const roleArn = members.get("RoleArn") ?? "";
  if (!roleArn.startsWith("arn:")) throw validationError(`${roleArn} is invalid`);

  const role = KNOWN_ROLES.find(({ arn }) => arn === roleArn);
  if (role === undefined || !trusts(role, call.principal, members.get("ExternalId"))) {
    throw refusal(
      "accessDenied",
      "sts",
      `User: ${call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    );
  }
  const seconds = Number(members.get("DurationSeconds") ?? DEFAULT_SECONDS);
  if (call.principal.kind !== "user" && seconds > CHAINED_MAX_SECONDS) {
    throw validationError(
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  }
  const session = startRoleSession(
    call.world,
    "AssumeRole",
    role,
    members.get("RoleSessionName") ?? "",
    seconds,
    call.nowMs,
  );
  return stsAnswer("AssumeRole", session, call.requestId);
}

const trusts = (role: KnownRole, caller: Principal, externalId: string | undefined): boolean =>
  role.trustedArns.includes(caller.trustArn) &&
  (role.externalId === undefined || role.externalId === externalId);

// IAM and KMS refusing some names, by the faults iamDeny and kmsDeny. One of them fails the whole call.

import { AwsError } from "../aws-error.ts";
import { LOCAL_AWS } from "../known-identities.ts";
import { OPERATIONS } from "../operations.ts";
import { refusal } from "../refusals.ts";
import type { Call } from "../world.ts";
import { rooted } from "./parameter-name.ts";
import { parameterArn } from "./ssm-input.ts";

/** Throws AccessDeniedException when one of the names, or the path, may not be read. */
export function checkIam(call: Call, names: readonly string[]): void {
  const { operation, principal, world } = call;
  const hit = world.faults.strikeName("iamDeny", operation, names.map(rooted));
  if (hit === undefined) return;
  const action = OPERATIONS.ssm[operation] ?? `ssm:${operation}`;
  throw refusal(
    "accessDenied",
    "ssm",
    `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${parameterArn(hit.name)} ` +
      `because no identity-based policy allows the ${action} action`,
  );
}

/** Throws what SSM answers when the key of one of these SecureStrings cannot be used. */
export function checkKms(call: Call, names: readonly string[]): void {
  const { operation, principal, world } = call;
  const hit = world.faults.strikeName("kmsDeny", operation, names.map(rooted));
  if (hit === undefined) return;
  const { region, accountId } = LOCAL_AWS;
  const key = `arn:aws:kms:${region}:${accountId}:key/11111111-2222-3333-4444-555555555555`;
  if (hit.fault.kind === "kmsDeny" && hit.fault.how === "disabled")
    throw new AwsError("InvalidKeyId", 400, `${key} is disabled.`);
  throw refusal(
    "accessDenied",
    "ssm",
    `User: ${principal.arn} is not authorized to perform: kms:Decrypt on resource: ${key} ` +
      "because no identity-based policy allows the kms:Decrypt action",
  );
}

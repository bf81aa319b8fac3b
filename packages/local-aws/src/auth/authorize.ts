// What a principal may do: the base user and people may only talk to STS, sessions of the known roles may do the rest.

import { LOCAL_AWS } from "../known-identities.ts";
import { OPERATIONS, type ServiceName } from "../operations.ts";
import { refusal } from "../refusals.ts";
import type { Principal } from "./sessions.ts";

function resourceArn(service: ServiceName, resource: string | undefined): string {
  if (service === "s3") return `arn:aws:s3:::${resource ?? "*"}`;
  const name = resource === undefined ? "*" : `parameter/${resource.replace(/^\//, "")}`;
  return `arn:aws:ssm:${LOCAL_AWS.region}:${LOCAL_AWS.accountId}:${name}`;
}

/** Throws AccessDenied (S3) or AccessDeniedException (SSM) when the principal is not a role session. */
export function authorize(
  principal: Principal,
  service: ServiceName,
  operation: string,
  resource: string | undefined,
): void {
  if (service === "sts" || principal.kind === "session") return;
  const action = OPERATIONS[service][operation] ?? `${service}:${operation}`;
  throw refusal(
    "accessDenied",
    service,
    `User: ${principal.arn} is not authorized to perform: ${action} on resource: ` +
      `${resourceArn(service, resource)} because no identity-based policy allows the ${action} action`,
  );
}

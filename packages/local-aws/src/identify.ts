// Tells which service and operation a request is for. All services share one port, as the SDK's single endpoint wants.

import { readSignature } from "./auth/credential-scope.ts";
import { sha256Hex } from "./auth/verify-signature.ts";
import type { ServiceName } from "./operations.ts";
import { OPERATIONS, SERVICES } from "./operations.ts";
import { s3Operation, s3Resource } from "./s3/s3-operations.ts";
import { ssmOperation, ssmResource } from "./ssm/ssm-operations.ts";
import { stsMembers } from "./sts/sts-input.ts";
import type { WireRequest } from "./wire.ts";

export interface Identified {
  readonly service: ServiceName;
  /** "Unknown" where the service does not answer it. */
  readonly operation: string;
  readonly resource: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly webIdentityTokenSha256: string | undefined;
}

function serviceOf(request: WireRequest, scopeService: string | undefined): ServiceName {
  const signedFor = SERVICES.find((name) => name === scopeService);
  if (signedFor !== undefined) return signedFor;
  if (request.headers["x-amz-target"] !== undefined) return "ssm";
  const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  return isForm && request.path === "/" ? "sts" : "s3";
}

/** Never throws: what cannot be understood is an unknown operation of the likeliest service. */
export function identify(request: WireRequest): Identified {
  const signature = readSignature(request);
  const signed = typeof signature === "string" ? undefined : signature;
  const service = serviceOf(request, signed?.service);
  const accessKeyId = signed?.accessKeyId;
  const none = { service, accessKeyId, webIdentityTokenSha256: undefined };
  if (service === "s3") {
    return { ...none, operation: s3Operation(request), resource: s3Resource(request) };
  }
  if (request.path !== "/") return { ...none, operation: "Unknown", resource: undefined };
  if (service === "ssm") {
    return { ...none, operation: ssmOperation(request), resource: ssmResource(request) };
  }
  const members = stsMembers(request);
  const action = members.get("Action") ?? "";
  const token = members.get("WebIdentityToken");
  return {
    ...none,
    operation: Object.hasOwn(OPERATIONS.sts, action) ? action : "Unknown",
    resource: members.get("RoleArn"),
    webIdentityTokenSha256: token === undefined ? undefined : sha256Hex(token).slice(0, 16),
  };
}

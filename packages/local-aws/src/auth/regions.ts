// The region that a request is signed for: one that there is, and what S3 tells whoever has another than it expects.

import { AwsError } from "../aws-error.ts";
import { LOCAL_AWS } from "../known-identities.ts";
import { refusal, type Verifier } from "../refusals.ts";
import type { SignatureParts } from "./credential-scope.ts";

/** Those of the partitions `aws`, `aws-cn` and `aws-us-gov`, as the SDK's endpoint rules know them. */
const REGION = /^(us|eu|ap|sa|ca|me|af|il|mx|cn|us-gov)-[a-z]+-\d+$/;

/** An API is in one region; of the other services all regions are here. */
export function refuseRegion({ region, expiresSeconds }: SignatureParts, service: Verifier): void {
  const isThere = service === "execute-api" ? region === LOCAL_AWS.region : REGION.test(region);
  if (isThere) return;
  if (service === "s3") {
    throw malformedRegion(region, LOCAL_AWS.region, expiresSeconds !== undefined);
  }
  const words = `Credential should be scoped to a valid region, not '${region}'.`;
  throw refusal("signatureMismatch", service, words);
}

/** @param isPresigned whether the signature is in the query. */
export function malformedRegion(
  signed: string,
  expected: string,
  isPresigned: boolean,
  headers: Readonly<Record<string, string>> = {},
): AwsError {
  const [code, what] = isPresigned
    ? ["AuthorizationQueryParametersError", "Error parsing the X-Amz-Credential parameter"]
    : ["AuthorizationHeaderMalformed", "The authorization header is malformed"];
  const message = `${what}; the region '${signed}' is wrong; expecting '${expected}'`;
  return new AwsError(code, 400, message, { Region: expected }, headers);
}

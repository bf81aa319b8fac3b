// Decides who is calling, or refuses in the words of the service that was called.

import { AwsError } from "../aws-error.ts";
import { refusal, type Verifier } from "../refusals.ts";
import type { WireRequest } from "../wire.ts";
import { amzDateMs, readSignature, type SignatureParts, toAmzDate } from "./credential-scope.ts";
import { refuseRegion } from "./regions.ts";
import type { Principal, Sessions } from "./sessions.ts";
import {
  canonicalRequest,
  sha256Hex,
  signatureMatches,
  statedPayload,
} from "./verify-signature.ts";
import { whyIncomplete } from "./why-incomplete.ts";

/** S3 allows fifteen minutes between the clocks, the others five. */
const MAX_SKEW_MS: Readonly<Record<Verifier, number>> = {
  sts: 5 * 60_000,
  ssm: 5 * 60_000,
  s3: 15 * 60_000,
  "execute-api": 5 * 60_000,
};

/**
 * The principal of a signed request. `nowMs` is the server's clock. Throws AwsError: unsigned, malformed,
 * unknown key, wrong or expired token, clock skew, payload hash or signature that does not match.
 */
export async function authenticate(
  request: WireRequest,
  service: Verifier,
  sessions: Sessions,
  nowMs: number,
): Promise<Principal> {
  const parts = readSignature(request);
  if (parts === "absent") throw refusal("unsigned", service);
  if (parts === "malformed") {
    const why = service === "execute-api" ? whyIncomplete(request) : undefined;
    throw refusal("incompleteSignature", service, why);
  }
  if (parts.service !== service) {
    throw refusal(
      service === "s3" ? "incompleteSignature" : "signatureMismatch",
      service,
      `Credential should be scoped to correct service: '${service}'.`,
    );
  }
  refuseRegion(parts, service);

  const credential = sessions.find(parts.accessKeyId);
  if (credential === undefined) {
    const details = service === "s3" ? { AWSAccessKeyId: parts.accessKeyId } : {};
    throw refusal("unknownAccessKey", service, undefined, details);
  }
  if (credential.sessionToken !== parts.sessionToken) throw refusal("invalidToken", service);
  if (credential.expiresAtMs !== undefined && credential.expiresAtMs <= nowMs) {
    throw refusal("expiredToken", service);
  }
  refuseSkew(parts, service, nowMs);
  refuseUnsignedEssentials(request, parts, service);
  if (service === "s3") refusePayload(request, parts);
  if (service === "execute-api") refuseOtherBody(request);
  if (!(await signatureMatches(request, parts, credential.secretAccessKey))) {
    throw refusal("signatureMismatch", service, echoed(request, parts, service));
  }
  return credential.principal;
}

/** An API answers with what it has computed, the session token in it. */
function echoed(request: WireRequest, parts: SignatureParts, service: Verifier) {
  if (service !== "execute-api") return undefined;
  const { message } = refusal("signatureMismatch", service);
  const canonical = canonicalRequest(request, parts);
  return `${message}\n\nThe Canonical String for this request should have been\n'${canonical}'\n`;
}

function refuseSkew(parts: SignatureParts, service: Verifier, nowMs: number): void {
  const signedMs = amzDateMs(parts.amzDate);
  const limitMs = MAX_SKEW_MS[service];
  const lifeMs = parts.expiresSeconds === undefined ? limitMs : parts.expiresSeconds * 1000;
  const late = nowMs - signedMs > lifeMs;
  const early = signedMs - nowMs > limitMs;
  if (!late && !early && !Number.isNaN(signedMs)) return;
  if (service === "s3") {
    if (late && parts.expiresSeconds !== undefined) {
      throw refusal("accessDenied", "s3", "Request has expired", {
        "X-Amz-Expires": String(parts.expiresSeconds),
      });
    }
    throw refusal("clockSkew", "s3", undefined, {
      RequestTime: parts.amzDate,
      ServerTime: new Date(nowMs).toISOString(),
      MaxAllowedSkewMilliseconds: String(limitMs),
    });
  }
  const now = toAmzDate(nowMs);
  const message = late
    ? `Signature expired: ${parts.amzDate} is now earlier than ${toAmzDate(nowMs - limitMs)} (${now} - 5 min.)`
    : `Signature not yet current: ${parts.amzDate} is still later than ${toAmzDate(nowMs + limitMs)} (${now} + 5 min.)`;
  throw refusal("clockSkew", service, message);
}

/** `host` and every `x-amz-*` header sent must be under the signature. */
function refuseUnsignedEssentials(
  request: WireRequest,
  parts: SignatureParts,
  service: Verifier,
): void {
  const needed = Object.keys(request.headers).filter(
    (name) => name === "host" || name.startsWith("x-amz-"),
  );
  const missing = needed.filter((name) => !parts.signedHeaders.includes(name));
  if (missing.length === 0) return;
  if (service === "s3") {
    throw refusal(
      "accessDenied",
      "s3",
      "There were headers present in the request which were not signed",
      { HeadersNotSigned: missing.join(", ") },
    );
  }
  throw refusal("signatureMismatch", service);
}

/** What is said of the body has to be true, where it is said. */
function refuseOtherBody(request: WireRequest): void {
  const stated = request.headers["x-amz-content-sha256"];
  if (stated === undefined || stated === sha256Hex(request.body)) return;
  throw refusal("signatureMismatch", "execute-api");
}

/** S3 only: the payload statement must be there, of a known form and, where it is a hash, true. */
function refusePayload(request: WireRequest, parts: SignatureParts): void {
  const stated = statedPayload(request);
  if (stated === undefined) {
    if (parts.expiresSeconds !== undefined) return;
    throw new AwsError(
      "InvalidRequest",
      400,
      "Missing required header for this request: x-amz-content-sha256",
    );
  }
  if (/^(UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+)$/.test(stated)) return;
  if (!/^[0-9a-f]{64}$/.test(stated)) {
    throw new AwsError(
      "InvalidArgument",
      400,
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value.",
      { ArgumentName: "x-amz-content-sha256", ArgumentValue: stated },
    );
  }
  if (stated !== sha256Hex(request.body)) {
    throw new AwsError(
      "XAmzContentSHA256Mismatch",
      400,
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
}

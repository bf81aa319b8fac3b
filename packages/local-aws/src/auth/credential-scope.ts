// Reads who signed a request, from the Authorization header or from a presigned query.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html

import { queryValue, type WireRequest } from "../wire.ts";

export interface SignatureParts {
  readonly accessKeyId: string;
  /** `YYYYMMDD` of the scope. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly amzDate: string;
  readonly sessionToken: string | undefined;
  /** Set for a presigned request: how long it is good for. */
  readonly expiresSeconds: number | undefined;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** "absent" when nothing was signed, "malformed" when a part is missing or of the wrong form. */
export function readSignature(request: WireRequest): SignatureParts | "absent" | "malformed" {
  const header = request.headers.authorization;
  if (header !== undefined) return fromHeader(request, header);
  if (request.query.has("X-Amz-Signature")) return fromQuery(request);
  return "absent";
}

function fromHeader(request: WireRequest, header: string): SignatureParts | "malformed" {
  if (!header.startsWith(`${ALGORITHM} `)) return "malformed";
  const fields = new Map<string, string>();
  for (const part of header.slice(ALGORITHM.length + 1).split(",")) {
    const at = part.indexOf("=");
    if (at > 0) fields.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return assemble({
    credential: fields.get("Credential"),
    signedHeaders: fields.get("SignedHeaders"),
    signature: fields.get("Signature"),
    amzDate: request.headers["x-amz-date"],
    sessionToken: request.headers["x-amz-security-token"],
    expires: undefined,
  });
}

function fromQuery(request: WireRequest): SignatureParts | "malformed" {
  if (queryValue(request, "X-Amz-Algorithm") !== ALGORITHM) return "malformed";
  return assemble({
    credential: queryValue(request, "X-Amz-Credential"),
    signedHeaders: queryValue(request, "X-Amz-SignedHeaders"),
    signature: queryValue(request, "X-Amz-Signature"),
    amzDate: queryValue(request, "X-Amz-Date"),
    sessionToken: queryValue(request, "X-Amz-Security-Token"),
    expires: queryValue(request, "X-Amz-Expires") ?? "",
  });
}

function assemble(raw: {
  credential: string | undefined;
  signedHeaders: string | undefined;
  signature: string | undefined;
  amzDate: string | undefined;
  sessionToken: string | undefined;
  expires: string | undefined;
}): SignatureParts | "malformed" {
  const [accessKeyId, day, region, service, end, ...more] = raw.credential?.split("/") ?? [];
  if (!accessKeyId || !day || !region || !service || end !== "aws4_request" || more.length > 0) {
    return "malformed";
  }
  if (!/^[0-9a-f]{64}$/.test(raw.signature ?? "") || !raw.signedHeaders) return "malformed";
  if (!/^\d{8}T\d{6}Z$/.test(raw.amzDate ?? "") || !raw.amzDate?.startsWith(day))
    return "malformed";
  if (raw.expires !== undefined && !/^\d{1,6}$/.test(raw.expires)) return "malformed";
  return {
    accessKeyId,
    day,
    region,
    service,
    signedHeaders: raw.signedHeaders.split(";"),
    signature: raw.signature ?? "",
    amzDate: raw.amzDate,
    sessionToken: raw.sessionToken,
    expiresSeconds: raw.expires === undefined ? undefined : Number(raw.expires),
  };
}

/** Milliseconds since the epoch of an `x-amz-date`. */
export function amzDateMs(amzDate: string): number {
  return Date.parse(
    amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}

/** The `x-amz-date` form of a moment. */
export function toAmzDate(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

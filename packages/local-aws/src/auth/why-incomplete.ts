// What API Gateway says of an Authorization header that is no signature, or not all of one.

import { createHash } from "node:crypto";
import type { WireRequest } from "../wire.ts";

const NEEDED = ["Credential", "Signature", "SignedHeaders"] as const;

/** The header itself is told as its hash alone. */
export function whyIncomplete({ headers }: WireRequest): string {
  const { authorization = "" } = headers;
  const digest = createHash("sha256").update(authorization).digest("base64");
  const hashed = "hashed with SHA-256 and encoded with Base64";
  if (!authorization.startsWith("AWS4-HMAC-SHA256 ")) {
    return `Invalid key=value pair (missing equal-sign) in Authorization header (${hashed}): '${digest}'.`;
  }
  const lacks = NEEDED.filter((name) => !authorization.includes(`${name}=`)).map(
    (name) => `Authorization header requires '${name}' parameter.`,
  );
  if (headers["x-amz-date"] === undefined) {
    lacks.push(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  }
  return `${lacks.join(" ")} (H${hashed.slice(1)}) Authorization=${digest}`.trimStart();
}

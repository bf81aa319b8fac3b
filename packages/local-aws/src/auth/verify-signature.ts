// Computes the SigV4 signature of a received request once more and compares it with the one that came.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from "node:crypto";
import {
  createScope,
  getCanonicalHeaders,
  getCanonicalQuery,
  getSigningKey,
} from "@smithy/signature-v4";
import { queryValue, type WireRequest } from "../wire.ts";
import type { SignatureParts } from "./credential-scope.ts";

/** The hash interface the signing library asks for, over node:crypto. */
export class Sha256 {
  private state: Hash | Hmac;
  private readonly secret: string | Uint8Array | undefined;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.secret = secret === undefined || typeof secret === "string" ? secret : asBytes(secret);
    this.state = this.fresh();
  }

  private fresh(): Hash | Hmac {
    return this.secret === undefined ? createHash("sha256") : createHmac("sha256", this.secret);
  }

  update(data: Uint8Array): void {
    this.state.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.state.digest()));
  }

  reset(): void {
    this.state = this.fresh();
  }
}

function asBytes(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export function sha256Hex(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** What an S3 request says of its body: a hash, or that it is unsigned or streamed. */
export function statedPayload(request: WireRequest): string | undefined {
  return request.headers["x-amz-content-sha256"] ?? queryValue(request, "X-Amz-Content-Sha256");
}

/** What stands for the body in the canonical request. */
function payloadHash(request: WireRequest, parts: SignatureParts): string {
  // Only S3 lets the client state what stands for the body; the others always sign the body itself.
  if (parts.service !== "s3") return sha256Hex(request.body);
  // A presigned S3 request is made before its body exists.
  return statedPayload(request) ?? "UNSIGNED-PAYLOAD";
}

/** The text that a signature stands for. */
export function canonicalRequest(request: WireRequest, parts: SignatureParts): string {
  const signed: Record<string, string> = {};
  for (const name of parts.signedHeaders) {
    const value = request.headers[name];
    if (value !== undefined) signed[name] = value;
  }
  const headers = getCanonicalHeaders(
    { headers: signed } as Parameters<typeof getCanonicalHeaders>[0],
    undefined,
    // Whatever the client signed counts, also a header the library itself would leave out.
    new Set(parts.signedHeaders),
  );
  const query = Object.fromEntries(
    [...request.query].map(([name, values]) => [name, [...values]] as const),
  );
  return [
    request.method,
    // S3 signs the path as sent, and STS and SSM live at "/" alone
    parts.service === "execute-api" ? encodedAgain(request.path) : request.path,
    getCanonicalQuery({ query } as Parameters<typeof getCanonicalQuery>[0]),
    ...parts.signedHeaders.map((name) => `${name}:${headers[name] ?? ""}`),
    "",
    parts.signedHeaders.join(";"),
    payloadHash(request, parts),
  ].join("\n");
}

/** Without what leads nowhere (RFC 3986 §5.2.4), and each part encoded once more than it was sent. */
function encodedAgain(path: string): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(escapeUri(part));
  }
  const end = path.endsWith("/") && kept.length > 0 ? "/" : "";
  return `/${kept.join("/")}${end}`;
}

const escapeUri = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Whether the signature was made with this secret over exactly this request. */
export async function signatureMatches(
  request: WireRequest,
  parts: SignatureParts,
  secretAccessKey: string,
): Promise<boolean> {
  const key = await getSigningKey(
    Sha256,
    { accessKeyId: parts.accessKeyId, secretAccessKey },
    parts.day,
    parts.region,
    parts.service,
  );
  const text = [
    "AWS4-HMAC-SHA256",
    parts.amzDate,
    createScope(parts.day, parts.region, parts.service),
    sha256Hex(canonicalRequest(request, parts)),
  ].join("\n");
  const expected = createHmac("sha256", key).update(text).digest();
  return timingSafeEqual(expected, Buffer.from(parts.signature, "hex"));
}

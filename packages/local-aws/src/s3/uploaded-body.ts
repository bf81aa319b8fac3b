// The bytes that an upload brings, plain or aws-chunked, of a length that was told before them.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html

import { AwsError } from "../aws-error.ts";
import type { WireRequest } from "../wire.ts";
import { decodeAwsChunked } from "./aws-chunked.ts";
import { notImplemented } from "./s3-errors.ts";
import { checkUpload } from "./upload-checksums.ts";

/**
 * The bytes, unframed and checked. Throws MissingContentLength, IncompleteBody, BadDigest, InvalidDigest, and
 * NotImplemented for signed chunks, and for those of HTTP without S3's own within.
 */
export function uploadedBody(request: WireRequest): Buffer {
  const payload = request.headers["x-amz-content-sha256"] ?? "";
  if (!payload.startsWith("STREAMING-")) {
    if (request.headers["transfer-encoding"] !== undefined)
      throw notImplemented("Transfer-Encoding");
    if (request.headers["content-length"] === undefined) throw missingContentLength();
    checkUpload(request.headers, request.body);
    return request.body;
  }
  if (payload !== "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
    throw new AwsError(
      "NotImplemented",
      501,
      `The payload kind ${payload} is not implemented; send STREAMING-UNSIGNED-PAYLOAD-TRAILER.`,
    );
  }
  const stated = request.headers["x-amz-decoded-content-length"];
  if (stated === undefined) throw missingContentLength();
  const { body, trailers } = decodeAwsChunked(request.body);
  if (Number(stated) !== body.length) {
    throw new AwsError(
      "IncompleteBody",
      400,
      "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header",
    );
  }
  checkUpload({ ...request.headers, ...trailers }, body);
  return body;
}

const missingContentLength = () =>
  new AwsError("MissingContentLength", 411, "You must provide the Content-Length HTTP header.");

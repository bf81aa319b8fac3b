/** Addresses that fetch or put one object without credentials, for a while. */
import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { translateAwsError } from "../errors.ts";
import { type Session, SessionUnavailableError } from "../session.ts";

export interface PresignOptions {
  readonly method: "GET" | "PUT";
  readonly expiresInSeconds: number;
}

export interface PresignedUrl {
  readonly url: string;
  readonly expiresAt: Date;
}

export type PresignObject = (
  bucket: string,
  key: string,
  options: PresignOptions,
) => Promise<PresignedUrl>;

/**
 * Signs in the process, for the region of the bucket; whether the object is there shows when it is used.
 *
 * An address dies with the session it was signed in, so it never claims to live longer.
 */
export function createPresigner(
  clientOf: (bucket: string) => Promise<S3Client>,
  session: Session,
): PresignObject {
  return async (bucket, key, { method, expiresInSeconds }) => {
    try {
      const s3 = await clientOf(bucket);
      // X-Amz-Date has whole seconds, and the life is counted from there
      const nowMs = Math.floor(session.clock.awsNow / 1000) * 1000;
      const expiresIn = Math.min(expiresInSeconds, Math.floor(session.secondsLeft()));
      if (expiresIn < 1) throw new SessionUnavailableError();
      const input = { Bucket: bucket, Key: key };
      const options = { expiresIn, signingDate: new Date(nowMs) };
      const url =
        method === "GET"
          ? await getSignedUrl(s3, new GetObjectCommand(input), options)
          : await getSignedUrl(s3, new PutObjectCommand(input), options);
      return { url, expiresAt: new Date(nowMs + expiresIn * 1000) };
    } catch (error) {
      throw translateAwsError(error);
    }
  };
}

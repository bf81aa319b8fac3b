// The errors S3 answers about buckets, keys and arguments.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html

import { AwsError } from "../aws-error.ts";

export const noSuchBucket = (bucket: string) =>
  new AwsError("NoSuchBucket", 404, "The specified bucket does not exist", { BucketName: bucket });

export const noSuchKey = (key: string, headers: Readonly<Record<string, string>> = {}) =>
  new AwsError("NoSuchKey", 404, "The specified key does not exist.", { Key: key }, headers);

export const invalidArgument = (message: string, name: string, value: string) =>
  new AwsError("InvalidArgument", 400, message, { ArgumentName: name, ArgumentValue: value });

export const preconditionFailed = (condition: string) =>
  new AwsError(
    "PreconditionFailed",
    412,
    "At least one of the pre-conditions you specified did not hold",
    {
      Condition: condition,
    },
  );

export const notImplemented = (header: string) =>
  new AwsError(
    "NotImplemented",
    501,
    "A header you provided implies functionality that is not implemented",
    { Header: header },
  );

export const noSuchUpload = (uploadId: string) =>
  new AwsError(
    "NoSuchUpload",
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    { UploadId: uploadId },
  );

export const badDigest = (algorithm: string) =>
  new AwsError(
    "BadDigest",
    400,
    `The ${algorithm} you specified did not match the calculated checksum.`,
  );

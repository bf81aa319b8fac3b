/** What the gateway asks aux for, and so all that anybody may ask of the execution API. */

/** `METHOD/path` as it stands in an execute-api ARN after the stage; `*` is any number of characters, `/` too. */
export const METHODS = [
  "GET/livez",
  "GET/parameters",
  "GET/parameters/*",
  "POST/parameters/batch",
  "GET/s3/buckets",
  "GET/s3/buckets/*",
  "GET/s3/objects",
  "HEAD/s3/objects",
  "GET/s3/presigned",
  "GET/s3/versions",
  "HEAD/s3/versions",
] as const;

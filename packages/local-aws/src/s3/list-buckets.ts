// ListBuckets, with the pagination it has had since 2024.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html

import { LOCAL_AWS } from "../known-identities.ts";
import { pageToken, positionOf } from "../page-token.ts";
import { queryValue, type WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { type XmlContent, xmlDocument } from "../xml.ts";
import { byBytes } from "./bucket-store.ts";
import { invalidArgument } from "./s3-errors.ts";
import { queryNumber, S3_NAMESPACE, s3Xml } from "./s3-input.ts";

/** The canonical user id of the account: 64 hex digits. */
const OWNER_ID = LOCAL_AWS.accountId.padStart(64, "0");

export function listBuckets(call: Call): WireAnswer {
  const { request, world } = call;
  const maxBuckets = queryNumber(request, "max-buckets", {
    otherwise: 10_000,
    min: 1,
    max: 10_000,
  });
  const prefix = queryValue(request, "prefix");
  const region = queryValue(request, "bucket-region");
  const token = queryValue(request, "continuation-token");

  if (token === undefined && world.faults.strike(["emptyPage"], "s3", "ListBuckets").length > 0) {
    return answer([], pageToken("buckets", ""), prefix);
  }
  const after = token === undefined ? "" : positionOf("buckets", token);
  if (after === undefined) {
    throw invalidArgument(
      "The continuation token provided is incorrect",
      "continuation-token",
      token ?? "",
    );
  }
  const matching = world.buckets
    .list()
    .filter(({ name }) => name.startsWith(prefix ?? "") && byBytes(name, after) > 0)
    .filter((bucket) => region === undefined || region === bucket.region);
  const page = matching.slice(0, maxBuckets);
  const next =
    matching.length > page.length ? pageToken("buckets", page.at(-1)?.name ?? "") : undefined;
  const buckets = page.map((bucket) => ({
    Name: bucket.name,
    CreationDate: new Date(bucket.createdMs).toISOString(),
    BucketRegion: bucket.region,
    BucketArn: `arn:aws:s3:::${bucket.name}`,
  }));
  return answer(buckets, next, prefix);
}

function answer(
  buckets: readonly XmlContent[],
  next: string | undefined,
  prefix: string | undefined,
): WireAnswer {
  return s3Xml(
    xmlDocument(
      "ListAllMyBucketsResult",
      {
        Owner: { ID: OWNER_ID },
        Buckets: { Bucket: buckets },
        ContinuationToken: next,
        Prefix: prefix,
      },
      S3_NAMESPACE,
    ),
  );
}

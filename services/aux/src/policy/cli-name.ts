/** The names that the command takes, as the audit log writes them. */
import { canonicalParameterName, isBucketName, isObjectKey } from "@airlock/contract";
import type { Resource, Verb } from "./rule.ts";

const S3 = "s3://";

/**
 * `/a/b` or `a` is a parameter, `s3://bucket` a bucket, `s3://bucket/key` an object. For the verb
 * list, `s3://bucket/prefix*` is whatever begins so.
 *
 * @returns undefined for a name that nothing can have.
 */
export function resourceOf(name: string, verb: Verb, decrypted: boolean): Resource | undefined {
  if (!name.startsWith(S3)) {
    const canonical = canonicalParameterName(name);
    return canonical === undefined ? undefined : { kind: "parameter", name: canonical, decrypted };
  }
  const [bucket = "", ...rest] = name.slice(S3.length).split("/");
  if (!isBucketName(bucket)) return undefined;
  const key = rest.join("/");
  if (rest.length === 0) return { kind: "bucket", name: bucket };
  if (verb === "list" && key.endsWith("*")) {
    return { kind: "prefix", bucket, prefix: key.slice(0, -1) };
  }
  return isObjectKey(key) ? { kind: "object", bucket, key } : undefined;
}

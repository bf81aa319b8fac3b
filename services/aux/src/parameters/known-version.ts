/** Which of two versions of a parameter is the older: one that a client names by its ETag, and one that is here. */
import { entityTags, isSecretReference, opaqueTag, type Parameter } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import { DIGEST_LENGTH, type Representation } from "../representation.ts";

const RADIX = 36;
const DATED = new RegExp(`^"[\\w-]{${DIGEST_LENGTH}}-([0-9a-z]{1,9})"$`);

/** With an ETag that tells every replica when this version was made. */
export function dated(representation: Representation, parameter: Parameter): Representation {
  const etag = `${representation.etag.slice(0, -1)}-${madeAt(parameter).toString(RADIX)}"`;
  return { ...representation, etag };
}

/**
 * What a parameter is beside the newest that If-None-Match names. It is unclear where that names none of
 * ours, and of a secret that seems newer: AWSCURRENT may have gone back to an older one.
 */
export function besideKnown(
  request: FastifyRequest,
  parameter: Parameter,
): "newer" | "older" | "unclear" {
  const known = newestKnown(request);
  if (known === undefined) return "unclear";
  const at = madeAt(parameter);
  if (at < known.at) return "older";
  return at > known.at && !isSecretReference(parameter.name) ? "newer" : "unclear";
}

/** The newest version that If-None-Match names; undefined where it names none of ours. */
export function newestKnown({ headers }: FastifyRequest): { tag: string; at: number } | undefined {
  const tags = entityTags(headers["if-none-match"] ?? "");
  let newest: { tag: string; at: number } | undefined;
  for (const tag of tags === "*" ? [] : tags) {
    const at = Number.parseInt(DATED.exec(opaqueTag(tag))?.[1] ?? "", RADIX);
    if (at > (newest?.at ?? Number.NEGATIVE_INFINITY)) newest = { tag, at };
  }
  return newest;
}

/** By SSM's clock, in milliseconds: one that is deleted and made anew counts its versions from 1 again. */
const madeAt = ({ last_modified }: Parameter): number => Date.parse(last_modified);

/** The tags of If-Match and If-None-Match, and how they are compared (RFC 9110 §8.8.3, §13.1). */

/** Parts between commas; those within quotes belong to a tag. */
const MEMBERS = /(?:[^,"]|"[^"]*"?)+/g;
const TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;
const WEAK = /^W\//;

/** `*`, or the tags of the list; what is no tag (unquoted, say) names nothing. */
export function entityTags(field: string): "*" | readonly string[] {
  if (field.trim() === "*") return "*";
  return (field.match(MEMBERS) ?? []).map((part) => part.trim()).filter((part) => TAG.test(part));
}

/** As If-None-Match compares: weak or not, for bytes that need not be the same (§13.1.2). */
export function namesWeakly(field: string, etag: string): boolean {
  const tags = entityTags(field);
  return tags === "*" || tags.some((tag) => opaqueTag(tag) === opaqueTag(etag));
}

/** As If-Match compares: a weak tag names nothing (§13.1.1). */
export function namesStrongly(field: string, etag: string): boolean {
  const tags = entityTags(field);
  return tags === "*" || (!WEAK.test(etag) && tags.includes(etag));
}

/** The tag without what says that it is weak. */
export const opaqueTag = (tag: string): string => tag.replace(WEAK, "");

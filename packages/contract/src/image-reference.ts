/** The grammar of image references, as registries and container runtimes have it (distribution/reference). */

const NAME_LIMIT = 255;
/** A name, a tag and the longest digest. */
const LIMIT = 600;

const DOMAIN_PART = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])`;
const DOMAIN = `${HOST}(?::[0-9]+)?`;
const PATH_PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const NAME = `(?:${DOMAIN}/)?${PATH_PART}(?:/${PATH_PART})*`;
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
/** Those that runtimes know, each with its length. */
const DIGEST = "(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})";
const REFERENCE = new RegExp(`^(?<name>${NAME})(?::${TAG})?(?:@${DIGEST})?$`);

/** Would be taken for the id of an image. */
const HEX_ID = /^[a-f0-9]{64}$/;

/** @returns whether a runtime could pull it: `[host[:port]/]path[:tag][@digest]`. */
export function isImageReference(text: string): boolean {
  if (text.length > LIMIT) return false;
  const name = REFERENCE.exec(text)?.groups?.name;
  return name !== undefined && name.length <= NAME_LIMIT && !HEX_ID.test(name);
}

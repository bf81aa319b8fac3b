/**
 * What a stored `Cache-Control` becomes where a caller was asked: nothing by which a shared cache may give
 * the answer to somebody else.
 *
 * RFC 9111 §3.5 keeps answers to requests with Authorization out of shared caches, unless they say
 * `public`, `s-maxage` or `must-revalidate`; where the caller is in another header, or in a client's
 * certificate, nothing keeps them out. `private` and `no-cache` do, each for the whole answer: with a list
 * of fields (`private="x-a"`) they speak of those fields alone.
 */

/** Longer ones say nothing that anybody means. */
const MAX_LENGTH = 1000;
/** Words, or quoted words, between commas. */
const DIRECTIVES = /(?:[^,"]|"(?:[^"\\]|\\.)*")+|"/g;
const DIRECTIVE = /^([\w!#$%&'*+.^`|~-]+)(=(?:[\w!#$%&'*+.^`|~-]+|"(?:[^"\\]|\\.)*"))?$/;
/** What `private` and `no-cache` may stand beside: it says something to a cache of the caller's own. */
const BESIDE_PRIVATE =
  /^(?:no-cache|must-revalidate|no-transform|immutable|(?:max-age|stale-while-revalidate|stale-if-error)=\d{1,10})$/;
const BESIDE_NO_CACHE = /^no-transform$/;

/** @param stored as the object has it; without one, or one that cannot be read, the answer is `no-store`. */
export function cacheControlForOne(stored: string | undefined): string {
  if (stored === undefined || stored === "no-store" || stored.length > MAX_LENGTH) {
    return "no-store";
  }
  const directives = (stored.match(DIRECTIVES) ?? [])
    .map((directive) => directive.trim().toLowerCase())
    .filter(Boolean);
  const has = (name: string) => directives.includes(name);
  if (has("no-store") || !directives.every((directive) => DIRECTIVE.test(directive))) {
    return "no-store";
  }
  const beside = (known: RegExp) => [...new Set(directives.filter((one) => known.test(one)))];
  if (has("private")) return ["private", ...beside(BESIDE_PRIVATE)].join(", ");
  if (has("no-cache")) return ["no-cache", ...beside(BESIDE_NO_CACHE)].join(", ");
  return "no-store";
}

interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The headers of an answer to one caller. `Expires` is for caches that know no Cache-Control, and so no
 * `private` either. A 304 that says nothing leaves what is kept under the words it was kept by.
 *
 * @param callerHeader names the caller: what one browser keeps for one user is not for the next.
 */
export function headersForOne(
  { status, headers }: StoredAnswer,
  callerHeader?: string,
): Record<string, string> {
  const { expires: _, "cache-control": stored, ...rest } = headers;
  if (status === 304 && stored === undefined) return rest;
  const cacheControl = cacheControlForOne(stored);
  const isKept = callerHeader !== undefined && cacheControl !== "no-store";
  const vary = [rest.vary, callerHeader].filter(Boolean).join(", ");
  return { ...rest, ...(isKept && { vary }), "cache-control": cacheControl };
}

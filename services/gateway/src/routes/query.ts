/** Queries for the upstream, written anew from checked words. */

type Word = string | number | boolean | readonly string[] | undefined;

/**
 * `?a=1&b=2` with the words in alphabetical order, or nothing where there are none: equal queries
 * are written alike, and so share a call. Slashes stay as they are; no word grows by them.
 */
export function queryOf(words: Readonly<Record<string, Word>>): string {
  const parts: string[] = [];
  for (const name of Object.keys(words).sort()) {
    const word = words[name];
    if (word === undefined) continue;
    for (const value of Array.isArray(word) ? word : [word]) {
      parts.push(`${name}=${encodeURIComponent(value).replaceAll("%2F", "/")}`);
    }
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

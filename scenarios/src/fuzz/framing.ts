/** How many answers a stream of bytes may get, by the strictest reading of RFC 9112. */

export interface Expected {
  /** Methods of the requests that may be answered, in order. */
  readonly methods: readonly string[];
}

/** RFC 9112 §3 lets a server take several spaces for one. */
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) +\S+ +HTTP\/1\.[01]$/;

/**
 * Reads the bytes as requests, one after another.
 *
 * A request that is whole and beyond doubt may be followed by a further one, which counts too, and so
 * does rubbish that begins where the next request would: a server may complain about it once. A
 * request that is malformed, cut short or of doubtful length gets one answer, and there must be no
 * other behind it: what follows it belongs to nobody.
 */
export function expectedAnswers(bytes: string): Expected {
  const methods: string[] = [];
  let rest = bytes;
  for (;;) {
    rest = rest.replace(/^[\r\n]+/, ""); // empty lines before a request are skipped
    if (rest === "") return { methods };
    methods.push(/^[A-Z]+/.exec(rest)?.[0] ?? "");
    const length = wholeLength(rest);
    if (length === undefined) return { methods };
    rest = rest.slice(length);
  }
}

/** Bytes of the first request; undefined when it has no end, or no certain one. */
function wholeLength(text: string): number | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [requestLine = "", ...fields] = text.slice(0, headEnd).split("\r\n");
  if (!REQUEST_LINE.test(requestLine)) return undefined;
  const lengths: string[] = [];
  const codings: string[] = [];
  for (const field of fields) {
    const match = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/s.exec(field);
    if (match?.[1] === undefined || match[2] === undefined) return undefined;
    const name = match[1].toLowerCase();
    if (name === "content-length") lengths.push(match[2]);
    if (name === "transfer-encoding") codings.push(match[2].toLowerCase());
  }
  const bodyAt = headEnd + 4;
  if (lengths.length + codings.length === 0) return bodyAt;
  if (lengths.length + codings.length > 1) return undefined;
  const [length] = lengths;
  if (length === undefined) {
    return codings[0] === "chunked" ? chunkedEnd(text, bodyAt) : undefined;
  }
  const end = bodyAt + Number(length);
  return /^\d{1,9}$/.test(length) && end <= text.length ? end : undefined;
}

/** Where a chunked body that begins at `from` ends, its trailer included. */
function chunkedEnd(text: string, from: number): number | undefined {
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = /^([0-9a-fA-F]{1,8})[ \t]*(;.*)?$/.exec(text.slice(at, lineEnd))?.[1];
    if (size === undefined) return undefined;
    at = lineEnd + 2;
    const bytes = Number.parseInt(size, 16);
    if (bytes === 0) break;
    if (text.slice(at + bytes, at + bytes + 2) !== "\r\n") return undefined;
    at += bytes + 2;
  }
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    if (lineEnd === at) return at + 2;
    at = lineEnd + 2;
  }
}

/** Which answers a route can have had from the service behind. */
import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "./exchange.ts";

/** Those that are passed on, and by which a client is asked not to repeat what it has. */
const CONDITIONS = ["if-none-match"] as const;
const CONDITIONS_OF_OBJECTS = [...CONDITIONS, "if-modified-since"] as const;

/** In any case, with any parameters (RFC 9110 §8.3.1). */
const JSON_TYPE = /^application\/json *(?:;|$)/i;
/** A parameter's value and nothing else, to who asks for it; aux gives each an ETag. */
const TEXT_TYPE = /^text\/plain *(?:;|$)/i;

/**
 * Anything else comes from something in between: a redirect, a login page, a part that nobody asked
 * for, 304 to who has nothing, an answer without the promised JSON.
 *
 * @param client the headers of the client's request.
 */
export function isUsable(
  { status, headers }: Answer,
  isObject: boolean,
  client: IncomingHttpHeaders,
): boolean {
  if (status === 304) {
    return (isObject ? CONDITIONS_OF_OBJECTS : CONDITIONS).some((name) => client[name]);
  }
  if (isObject) return status === 200 || (status === 206 && client.range !== undefined);
  const type = headers["content-type"] ?? "";
  if (TEXT_TYPE.test(type)) {
    return status === 200 && headers.etag !== undefined && /\btext\//.test(client.accept ?? "");
  }
  return status >= 200 && status <= 202 && JSON_TYPE.test(type);
}

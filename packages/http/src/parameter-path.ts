/** The parameter name in a request's path, read from the bytes on the wire. */
import type { IncomingMessage } from "node:http";
import {
  MAX_RAW_LENGTH,
  type ParameterName,
  ProblemError,
  parseParameterName,
} from "@airlock/contract";
import { restOfPath } from "./raw-path.ts";

/**
 * The canonical name after `prefix`. Taken from the raw target, because a router has decoded its
 * own copy already and decoding twice would let `%252F` through.
 *
 * @throws ProblemError uri_too_long, invalid_parameter_name; neither repeats the input.
 */
export function parameterNameOf(request: { raw: IncomingMessage }, prefix: string): ParameterName {
  const raw = restOfPath(request.raw, prefix);
  if (raw.length > MAX_RAW_LENGTH) {
    throw new ProblemError(
      "uri_too_long",
      `A name may take ${MAX_RAW_LENGTH} characters in a URL.`,
    );
  }
  const name = parseParameterName(raw);
  if (name !== undefined) return name;
  throw new ProblemError(
    "invalid_parameter_name",
    "A name is 1 to 15 levels of letters, digits, dots, dashes and underscores, divided by single slashes, 1011 characters in all, or the ARN of a parameter of another account.",
  );
}

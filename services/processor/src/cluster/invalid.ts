/** Which members of an object a server does not accept, and why, without a value that was sent. */
import type { Kind } from "./cluster.ts";
import type { Cause, StatusWords } from "./status-words.ts";

const REASONS: Readonly<Record<string, string>> = {
  FieldValueRequired: "is required",
  FieldValueDuplicate: "stands there twice",
  FieldValueNotFound: "names what is not there",
  FieldValueNotSupported: "is none of those that it may be",
  FieldValueForbidden: "may not be set or changed",
  FieldValueTooLong: "is too long",
};

/** `Invalid value: "…": the rule`: what follows the value. Other values than texts and numbers are not taken apart. */
const RULE = /^Invalid value: (?:"(?:[^"\\]|\\.)*"|-?[\d.]+): (.+)$/s;
const RULE_LENGTH = 200;
const MOST = 5;

export function describeInvalid(kind: Kind, { message, details }: StatusWords): string {
  const { causes } = details;
  if (causes.length === 0) return describeUnread(message);
  const told = [...new Set(causes.map((cause) => describeCause(kind, cause)))];
  const more = told.length - MOST;
  return told.slice(0, MOST).join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function describeCause(kind: Kind, { field, reason, message }: Cause): string {
  const plain = `${field} ${REASONS[reason] ?? "is not valid"}`;
  // a rule may quote what breaks it
  if (kind === "secrets" || reason !== "FieldValueInvalid") return plain;
  const rule = RULE.exec(message)?.[1]?.replace(/ \((?:e\.g\.|regex).*\)$/s, "");
  return rule === undefined ? plain : `${field} is not valid, ${rule.slice(0, RULE_LENGTH)}`;
}

/** A body that could not be read is quoted in such messages; the names of its members alone are safe. */
function describeUnread(message: string): string {
  const unknown = [...message.matchAll(/unknown field \\?"([\w.[\]-]{1,200})\\?"/g)];
  if (unknown.length === 0) return "it cannot be read as one";
  return `there is no ${unknown.map(([, field]) => field).join(", no ")}`;
}

/** What is asked for where no schema says it: zod's own words are for programmers. */
import * as z from "zod";

type Raw = z.core.$ZodRawIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  bigint: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  set: "a list",
  object: "an object",
  record: "an object",
  map: "an object",
  null: "null",
  date: "a time",
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: "a time such as 2026-01-15T16:30:00Z",
  date: "a date such as 2026-01-15",
  time: "a time of day such as 16:30:00",
  duration: "a duration such as PT90S",
  uuid: "a UUID",
  guid: "a UUID",
  url: "an address such as https://example.com/",
  email: "an e-mail address",
  ipv4: "an IPv4 address",
  ipv6: "an IPv6 address",
  cidrv4: "a range of IPv4 addresses such as 192.0.2.0/24",
  cidrv6: "a range of IPv6 addresses such as 2001:db8::/32",
  base64: "base64",
  base64url: "base64url",
  json_string: "JSON",
  jwt: "a JSON web token",
};

const shown = (value: unknown): string => (value === "" ? "nothing" : String(value));

/** One sentence without its subject, for each code that an issue can have. */
export function wordsOf(issue: Raw): string {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is needed";
      return `must be ${KINDS[String(issue.expected)] ?? String(issue.expected)}`;
    case "invalid_value":
      return mustBeOneOf((issue.values ?? []) as readonly unknown[]);
    case "invalid_format":
      return formatWords(issue);
    case "too_small":
      return boundWords(issue, issue.minimum, "at least", "more than");
    case "too_big":
      return boundWords(issue, issue.maximum, "at most", "less than");
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "unrecognized_keys":
      return "is not known here";
    case "invalid_union":
      if (Array.isArray(issue.options)) return mustBeOneOf(issue.options);
      return "must have one of the forms that are known here";
    case "invalid_key":
      return "has a name that may not be there";
    case "invalid_element":
      return "holds something that may not be there";
    default:
      return "is not right";
  }
}

function mustBeOneOf(values: readonly unknown[]): string {
  const words = values.map(shown);
  return words.length === 1 ? `must be ${words[0]}` : `must be one of ${words.join(", ")}`;
}

function formatWords({ format, prefix, suffix, includes }: Raw): string {
  if (format === "starts_with") return `must begin with ${prefix}`;
  if (format === "ends_with") return `must end with ${suffix}`;
  if (format === "includes") return `must contain ${includes}`;
  const known = FORMATS[String(format)];
  return known === undefined ? "has not the form that is asked for" : `must be ${known}`;
}

function boundWords(issue: Raw, bound: unknown, inclusive: string, exclusive: string): string {
  const { origin, exact } = issue;
  const limit = exact === true ? "exactly" : inclusive;
  if (origin === "string") {
    if (bound === 1 && inclusive === "at least") return "must not be empty";
    return `must have ${limit} ${bound} characters`;
  }
  if (origin === "array" || origin === "set" || origin === "map" || origin === "object") {
    return `must hold ${limit} ${bound}`;
  }
  return `must be ${issue.inclusive === false ? exclusive : limit} ${bound}`;
}

/** For all schemas of this process, whoever made them. */
export function speakPlainly(): void {
  z.config({ localeError: wordsOf });
}

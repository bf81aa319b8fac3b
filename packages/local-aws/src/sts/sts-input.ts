// Reads the form an STS call carries and writes its XML answer.

import { AwsError } from "../aws-error.ts";
import { type Constraint, constraintMessage } from "../constraints.ts";
import { parseQuery, type WireAnswer, type WireRequest } from "../wire.ts";
import { type XmlContent, xmlDocument } from "../xml.ts";

/** The members of a call, whether they came as a form body or as the query of a presigned GET. */
export function stsMembers(request: WireRequest): Map<string, string> {
  const members = new Map<string, string>();
  const sources = [request.query, parseQuery(request.body.toString())];
  for (const source of sources) {
    for (const [name, values] of source) members.set(name, values[0] ?? "");
  }
  return members;
}

/** Whether the answer, or the error, is to be JSON rather than XML. */
export function wantsJson(request: WireRequest): boolean {
  return request.headers.accept === "application/json";
}

/** Throws ValidationError in the words of AWS when a constraint is broken. */
export function validate(rules: readonly Constraint[]): void {
  const message = constraintMessage(rules);
  if (message !== undefined) throw validationError(message);
}

export function validationError(message: string): AwsError {
  return new AwsError("ValidationError", 400, message);
}

/** Seconds asked for: a whole number, else undefined when the member is absent. */
export function durationSeconds(members: ReadonlyMap<string, string>): number | undefined {
  const text = members.get("DurationSeconds");
  if (text === undefined) return undefined;
  if (!/^[+-]?\d{1,10}$/.test(text)) {
    throw new AwsError("MalformedInput", 400, "Invalid Argument");
  }
  return Number(text);
}

export const roleRules = (members: ReadonlyMap<string, string>): Constraint[] => [
  {
    member: "roleArn",
    value: members.get("RoleArn"),
    required: true,
    minLength: 20,
    maxLength: 2048,
  },
  {
    member: "roleSessionName",
    value: members.get("RoleSessionName"),
    required: true,
    minLength: 2,
    maxLength: 64,
    pattern: /^[\w+=,.@-]*$/,
  },
  { member: "durationSeconds", value: durationSeconds(members), min: 900, max: 43_200 },
];

export function stsAnswer(
  operation: string,
  result: { readonly [name: string]: XmlContent },
  requestId: string,
): WireAnswer {
  return {
    status: 200,
    headers: { "content-type": "text/xml" },
    body: xmlDocument(
      `${operation}Response`,
      { [`${operation}Result`]: result, ResponseMetadata: { RequestId: requestId } },
      "https://sts.amazonaws.com/doc/2011-06-15/",
    ),
  };
}

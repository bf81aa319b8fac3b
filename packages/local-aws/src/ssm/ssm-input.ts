// Reads the JSON an SSM call carries and writes its JSON answer.

import type { z } from "zod";
import { type Constraint, constraintMessage } from "../constraints.ts";
import { LOCAL_AWS } from "../known-identities.ts";
import type { WireAnswer, WireRequest } from "../wire.ts";
import { serializationException, validationException } from "./ssm-errors.ts";

/** The members of the call. Throws SerializationException for anything of the wrong JSON type. */
export function ssmInput<T>(request: WireRequest, schema: z.ZodType<T>): T {
  let raw: unknown;
  try {
    raw = request.body.length === 0 ? {} : JSON.parse(request.body.toString());
  } catch {
    throw serializationException("Unexpected end of input or malformed JSON");
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw serializationException(
    `${issue?.path.join(".") || "body"}: ${issue?.message ?? "invalid"}`,
  );
}

/** Throws ValidationException in the words of AWS when a constraint is broken. */
export function validate(rules: readonly Constraint[]): void {
  const message = constraintMessage(rules);
  if (message !== undefined) throw validationException(message);
}

export function ssmAnswer(body: object): WireAnswer {
  return {
    status: 200,
    headers: { "content-type": "application/x-amz-json-1.1" },
    body: JSON.stringify(body),
  };
}

export function parameterArn(name: string): string {
  if (name.startsWith("arn:")) return name;
  const { region, accountId } = LOCAL_AWS;
  // what AWS gives to everybody belongs to no account
  const owner = name.startsWith("/aws/service/") ? "" : accountId;
  return `arn:aws:ssm:${region}:${owner}:parameter/${name.replace(/^\//, "")}`;
}

/** JSON 1.1 timestamps are seconds with a fraction. */
export const toSeconds = (ms: number): number => ms / 1000;

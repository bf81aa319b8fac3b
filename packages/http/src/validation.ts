/** Validation by zod: what is wrong in sentences; without its cost for the most common query, none; and of bodies of several forms. */
import { sentencesOf } from "@airlock/contract";
import type { FastifySchemaCompiler } from "fastify";
import * as z from "zod";

/** What a client sent is not what the schema of its route asks for. */
export class InvalidInputError extends Error {
  readonly code = "INVALID_INPUT";
  /** Set by Fastify. */
  readonly validationContext?: string;

  constructor(sentences: readonly string[]) {
    super(sentences.join("; "));
    this.name = "InvalidInputError";
  }
}

/** How a sentence calls the whole of each. */
const WHOLE: Readonly<Record<string, string>> = {
  querystring: "query",
  params: "path",
  headers: "headers",
};

type Validate = (input: unknown) => { value: unknown } | { error: InvalidInputError };

const compile: (schema: z.ZodType, whole: string) => Validate = (schema, whole) => (input) => {
  const { success, data, error } = z.safeParse(schema, input, { reportInput: true });
  if (success) return { value: data };
  return { error: new InvalidInputError(sentencesOf(error, input, whole)) };
};

/** A query without words always comes out the same, so it is worked out once for each route. */
export const queryAwareCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart = "" }) => {
  const validate = compile(schema, WHOLE[httpPart] ?? httpPart);
  if (httpPart === "params" && isAnyText(schema)) return (params: unknown) => ({ value: params });
  if (httpPart !== "querystring") return validate;
  const none = validate({});
  if ("value" in none) Object.freeze(none.value);
  return (query: object) => (isEmpty(query) ? none : validate(query));
};

/** Parts of a path are strings whatever was sent: a schema that asks no more of them refuses nothing. */
const isAnyText = (schema: z.ZodType): boolean =>
  schema instanceof z.ZodObject &&
  isUnchecked(schema) &&
  Object.values(schema.shape).every((part) => part instanceof z.ZodString && isUnchecked(part));

const isUnchecked = ({ def }: z.ZodObject | z.ZodString): boolean => !def.checks?.length;

function isEmpty(query: object): boolean {
  for (const _word in query) return false;
  return true;
}

/**
 * For a body that has several forms: held to the one that it is meant to be, as the refusal of a union
 * does not say which member is wrong.
 */
export const validateAs =
  (formOf: (body: unknown) => z.ZodType): FastifySchemaCompiler<unknown> =>
  () =>
  (body: unknown) =>
    compile(formOf(body), "body")(body);

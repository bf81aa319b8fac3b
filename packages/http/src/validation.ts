/** Validation by zod: without its cost for the most common query, none; and of bodies of several forms. */
import type { FastifySchemaCompiler } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import type * as z from "zod";

type Compiled = ReturnType<FastifySchemaCompiler<z.ZodType>>;

/** A query without words always comes out the same, so it is worked out once for each route. */
export const queryAwareCompiler: FastifySchemaCompiler<z.ZodType> = (route) => {
  const validate = validatorCompiler(route) as Compiled;
  if (route.httpPart !== "querystring") return validate;
  const none = validate({}) as { value?: object };
  Object.freeze(none.value);
  return (query: object) => (isEmpty(query) ? none : validate(query));
};

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
  (route) =>
  (body: unknown) =>
    validatorCompiler({ ...route, schema: formOf(body) })(body);

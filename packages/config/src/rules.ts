/** Relations between settings, which no field sees by itself. */
import type * as z from "zod";

/** `key` is the variable that the sentence opens with. */
export interface Rule<Fields> {
  readonly key: keyof Fields & string;
  readonly message: string;
  isBroken(settings: Fields): boolean;
}

/** Adds rules to a schema that holds their fields; all are checked in one go. */
export function withRules<S extends z.ZodObject, Fields>(
  schema: S,
  rules: readonly Rule<Fields>[],
): S {
  return rules.reduce(
    (checked, { key, message, isBroken }) =>
      checked.refine((settings) => !isBroken(settings as Fields), {
        path: [key],
        error: message,
        // also when a field is wrong, so that one start tells of everything
        when: () => true,
      }),
    schema,
  );
}

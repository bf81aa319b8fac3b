/**
 * Globs over the names of parameters. The account's own names, those that AWS gives under `/aws/` and
 * the ARNs of what other accounts share are three spaces: a glob is of the space that it spells, so
 * that no wildcard at its beginning opens another one.
 */
import { isReservedName } from "@airlock/contract";
import { compileGlob, type Glob } from "./glob.ts";

export type NameSpace = "own" | "/aws/" | "arn:";

export interface ParameterGlob extends Glob {
  readonly space: NameSpace;
}

/** @param name a name, or the beginning of names from its first level on. */
export function spaceOf(name: string): NameSpace {
  if (name.startsWith("arn:")) return "arn:";
  return isReservedName(name) ? "/aws/" : "own";
}

/** @param text a glob without faults. */
export function compileParameterGlob(text: string): ParameterGlob {
  return { ...compileGlob(text), space: spaceOf(text) };
}

/** Whether it would match names of another space if it could: who wrote it may think that it does. */
export function seemsToReachFurther({ space, ...glob }: ParameterGlob): boolean {
  return (
    space === "own" &&
    ["/aws/", "arn:aws:ssm:eu-west-1:111122223333:parameter/"].some(glob.couldMatchBelow)
  );
}

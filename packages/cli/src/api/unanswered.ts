/** What is said of a change that was sent and not answered. */
import type { Exchange } from "./transport.ts";

/** Where it is seen what has come of one. */
const LOOKS: readonly (readonly [RegExp, string])[] = [
  [/^\/v1\/jobs\b/, " gpu-dev list"],
  [/^\/v1\/disks\b/, " gpu-dev disk list"],
  [/^\/v1\/keys\b/, " gpu-dev keys list"],
];
/** Asked like a change, and none. */
const QUESTION = /\/(plan|check)$/;

/** @returns undefined for what changes nothing. */
export function unanswered({ method, path }: Exchange): string | undefined {
  if (method === "GET" || QUESTION.test(path)) return undefined;
  const look = LOOKS.find(([of]) => of.test(path))?.[1] ?? "";
  return `The service has not answered: it may be done all the same.${look}`;
}

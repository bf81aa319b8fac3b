// Cuts a sorted list of parameters into the pages SSM answers.

import { pageToken, positionOf } from "../page-token.ts";
import type { Call } from "../world.ts";
import type { Parameter } from "./parameter-store.ts";
import { invalidNextToken } from "./ssm-errors.ts";

export interface Page {
  readonly parameters: readonly Parameter[];
  readonly nextToken: string | undefined;
}

/**
 * The page after the token, at most `size` long, of those parameters that `matches` takes. An `emptyPage` fault
 * makes the first page empty. Throws InvalidNextToken.
 */
export function pageOf(
  call: Call,
  token: string | undefined,
  size: number,
  matches: (parameter: Parameter) => boolean,
): Page {
  const { faults, parameters } = call.world;
  const list = call.operation;
  if (token === undefined && faults.strike(["emptyPage"], "ssm", list).length > 0) {
    return { parameters: [], nextToken: pageToken(list, "") };
  }
  const after = token === undefined ? "" : positionOf(list, token);
  if (after === undefined) throw invalidNextToken();
  const page: Parameter[] = [];
  for (const parameter of parameters.list()) {
    if (parameter.name <= after || !matches(parameter)) continue;
    if (page.length === size) {
      return { parameters: page, nextToken: pageToken(list, page.at(-1)?.name ?? "") };
    }
    page.push(parameter);
  }
  return { parameters: page, nextToken: undefined };
}

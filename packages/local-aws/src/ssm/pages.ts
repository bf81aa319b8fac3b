// Cuts a sorted list of parameters into the pages SSM answers.

import { shortPageSize } from "../page-sizes.ts";
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
 * makes the first page empty, `shortPages` all of them short. Throws InvalidNextToken.
 */
export function pageOf(
  call: Call,
  token: string | undefined,
  size: number,
  matches: (parameter: Parameter) => boolean,
): Page {
  const { faults, parameters } = call.world;
  const list = call.operation;
  const { turn, after } = placeOf(list, token);
  const tokenAfter = (name: string) => pageToken(list, `${turn + 1} ${name}`);
  const isEmpty = turn === 0 && faults.strike(["emptyPage"], "ssm", list).length > 0;
  const isShort = faults.strike(["shortPages"], "ssm", list).length > 0;
  const limit = isEmpty ? 0 : isShort ? shortPageSize(turn, size) : size;
  const page: Parameter[] = [];
  for (const parameter of parameters.list()) {
    if (parameter.name <= after || !matches(parameter)) continue;
    if (page.length === limit) {
      return { parameters: page, nextToken: tokenAfter(page.at(-1)?.name ?? after) };
    }
    page.push(parameter);
  }
  // where pages are short the last of them is empty, as it may be
  const hasMore = isShort && page.length > 0;
  return { parameters: page, nextToken: hasMore ? tokenAfter(page.at(-1)?.name ?? "") : undefined };
}

function placeOf(list: string, token: string | undefined): { turn: number; after: string } {
  if (token === undefined) return { turn: 0, after: "" };
  const [turn = "", after = ""] = positionOf(list, token)?.split(" ") ?? [];
  if (turn === "") throw invalidNextToken();
  return { turn: Number(turn), after };
}

/** Where names could be that a caller may have: what need not be asked of AWS at all. */
import type { Glob } from "./glob.ts";
import { spaceOf } from "./parameter-glob.ts";
import { minds, type Rule } from "./rule.ts";

export interface Below {
  /** The names that begin so. */
  readonly prefix: string;
  /** Only those of one level more; `prefix` then ends in a slash, or is empty for the root level. */
  readonly isOneLevel?: boolean;
  /** Whether it is about SecureStrings in the clear. */
  readonly decrypted?: boolean;
}

/**
 * @param rules those that are asked, about one caller and one verb.
 * @returns beginnings of names, each of them `prefix` or longer and none the beginning of another:
 * every name that the rules allow begins with one of them. None where nothing is allowed.
 */
export function reachOf(rules: readonly Rule[], below: Below): string[] {
  const { prefix, isOneLevel = false } = below;
  const space = spaceOf(prefix);
  const globsOf = (effect: Rule["effect"]) =>
    rules
      .filter((rule) => rule.effect === effect && minds(rule, below))
      .flatMap(({ parameters }) => parameters.filter((glob) => glob.space === space));
  const denying = globsOf("deny");
  const stems = globsOf("allow").flatMap((glob) => {
    const isOut = isOneLevel ? !glob.couldMatchChild(prefix) : !glob.couldMatchBelow(prefix);
    if (isOut) return [];
    const stem = glob.stem.length > prefix.length ? glob.stem : prefix;
    return denying.some((other) => isCovered(glob, stem, other)) ? [] : [stem];
  });
  return outermost(stems);
}

/** Whether a glob that denies takes all that another one allows there. */
const isCovered = (glob: Glob, stem: string, denying: Glob): boolean =>
  denying.coversBelow(stem) ||
  denying.text === glob.text ||
  (stem === glob.text && denying.matches(stem));

/** Without those that begin with another one. */
function outermost(stems: readonly string[]): string[] {
  const kept: string[] = [];
  for (const stem of stems.toSorted()) {
    const last = kept.at(-1);
    if (last === undefined || !stem.startsWith(last)) kept.push(stem);
  }
  return kept;
}

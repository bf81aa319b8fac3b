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
  const allowing = globsOf("allow").filter((glob) =>
    isOneLevel ? glob.couldMatchChild(prefix) : glob.couldMatchBelow(prefix),
  );
  return outermost(stemsOf(prefix, allowing, globsOf("deny")));
}

/** A beginning of keys, below which one may be had; or the only key that may be. */
export interface KeyRoot {
  readonly prefix: string;
  readonly isKey: boolean;
}

/** What a caller may have of the keys of one bucket. */
export interface Keys {
  /** Where keys that begin so could be, as above. */
  reach(prefix: string): readonly KeyRoot[];
  /** Whether every key that begins so is allowed. */
  covers(prefix: string): boolean;
}

/** @param rules those that are asked, about one caller and one verb. */
export function keysOf(rules: readonly Rule[], bucket: string): Keys {
  const globsOf = (effect: Rule["effect"]) =>
    rules
      .filter((rule) => rule.effect === effect)
      .flatMap(({ objects }) => objects.filter(({ matchesBucket }) => matchesBucket(bucket)))
      .map(({ key }) => key);
  const allowing = globsOf("allow");
  const denying = globsOf("deny");
  return {
    reach(prefix) {
      const possible = allowing.filter((glob) => glob.couldMatchBelow(prefix));
      return outermost(stemsOf(prefix, possible, denying)).map((root) => ({
        prefix: root,
        isKey: possible.every(
          ({ text, couldMatchBelow }) => text === root || !couldMatchBelow(root),
        ),
      }));
    },
    covers: (prefix) =>
      allowing.some((glob) => glob.coversBelow(prefix)) &&
      !denying.some((glob) => glob.couldMatchBelow(prefix)),
  };
}

/** What names begin with that one of these allows, and none denies altogether. */
const stemsOf = (
  prefix: string,
  allowing: readonly Glob[],
  denying: readonly Glob[],
): readonly string[] =>
  allowing.flatMap((glob) => {
    const stem = glob.stem.length > prefix.length ? glob.stem : prefix;
    return denying.some((other) => isCovered(glob, stem, other)) ? [] : [stem];
  });

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

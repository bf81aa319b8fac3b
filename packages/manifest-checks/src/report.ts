/** How findings are printed: one line each, with the worlds it was found in. */
import type { Finding } from "./check.ts";
import { ARGO_RULES, DEPLOYED_RULES } from "./check.ts";

const LINTERS = new Map([...DEPLOYED_RULES, ...ARGO_RULES].map(({ id, linters }) => [id, linters]));

/** Lines such as `Deployment aux/aux: must … [image-digest: kube-linter latest-tag] (overlays/dev)`. */
export function linesOf(
  found: readonly (readonly [world: string, findings: readonly Finding[]])[],
): string[] {
  const worldsOf = new Map<string, string[]>();
  for (const [world, findings] of found) {
    for (const { object, rule, sentence } of findings) {
      const names = [rule, ...(LINTERS.get(rule)?.slice(0, 1) ?? [])].join(": ");
      const line = `${object}: ${sentence} [${names}]`;
      worldsOf.set(line, [...(worldsOf.get(line) ?? []), world]);
    }
  }
  return [...worldsOf].map(([line, worlds]) => `${line} (${worlds.join(", ")})`);
}

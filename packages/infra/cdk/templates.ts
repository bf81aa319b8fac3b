/** The templates of an environment as they are compared: without what only says which code was bundled. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Names of assets are hashes of what is in them; a change of aux is no change of the infrastructure. */
const ASSET = /\b[0-9a-f]{64}\b/g;

export const goldenFile = (name: string): string =>
  join(import.meta.dirname, `../golden/${name}.json`);

/** @param outdir where the app was synthesised. */
export function templateOf(outdir: string, name: string): unknown {
  const text = readFileSync(join(outdir, `${name}.template.json`), "utf8");
  return JSON.parse(text.replace(ASSET, "<hash of the bundle>"));
}

/** Empty for what has no golden template yet: everything is new then. */
export function goldenOf(name: string): unknown {
  try {
    return JSON.parse(readFileSync(goldenFile(name), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

export const writeGolden = (name: string, text: string): void =>
  writeFileSync(goldenFile(name), text);

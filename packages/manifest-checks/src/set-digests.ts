/**
 * `node set-digests.ts gateway=sha256:… aux=sha256:… jobs=sha256:…` writes released digests into every installation.
 * dev follows the branch, so it takes them at once; qa and prod see them with the next tag, which is
 * how a tag promotes the very images that dev ran. `--same` only checks that all overlays agree.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ENVIRONMENTS, IMAGES } from "./world.ts";

/** @param digests by service. @throws Error for a malformed digest or an overlay without one. */
export function writeDigests(root: string, digests: Readonly<Record<string, string>>): void {
  for (const [service, digest] of Object.entries(digests)) {
    if (!/^sha256:[0-9a-f]{64}$/.test(digest))
      throw new Error(`${service}: ${digest} is no digest`);
    for (const environment of ENVIRONMENTS) {
      const { path, pattern } = placeOf(root, environment, service);
      const text = readFileSync(path, "utf8");
      if (!pattern.test(text)) throw new Error(`${path}: no digest to replace`);
      writeFileSync(path, text.replace(pattern, `$1${digest}`));
    }
  }
}

/** The digest of each service. @throws Error when the overlays differ or nothing was released. */
export function sameDigests(root: string): Record<string, string> {
  return Object.fromEntries(
    IMAGES.map((service) => {
      const found = ENVIRONMENTS.map((environment) => {
        const { path, pattern } = placeOf(root, environment, service);
        return pattern.exec(readFileSync(path, "utf8"))?.[2];
      });
      const [digest] = found;
      if (!digest || found.some((one) => one !== digest))
        throw new Error(`${service}: the overlays differ: ${found.join(", ")}`);
      if (/^sha256:0+$/.test(digest)) throw new Error(`${service}: nothing has been released yet`);
      return [service, digest];
    }),
  );
}

function placeOf(root: string, environment: string, image: string) {
  return {
    path: join(root, "overlays", environment, "installation/installation.yaml"),
    pattern: new RegExp(`^( +${image}: \\S+@)(sha256:[0-9a-f]{64})$`, "m"),
  };
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "../../../k8s");
  const args = process.argv.slice(2);
  try {
    if (args[0] !== "--same")
      writeDigests(root, Object.fromEntries(args.map((arg) => arg.split("=") as [string, string])));
    for (const [service, digest] of Object.entries(sameDigests(root)))
      console.log(`${service}=${digest}`);
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}

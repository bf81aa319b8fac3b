/** The benchmark's own dependencies: installed on first use, apart from those of the services. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);

/** Whether what is installed is what package.json asks for. */
export function hasDependencies(): boolean {
  const { dependencies } = readJson("package.json") as { dependencies: Record<string, string> };
  return Object.entries(dependencies).every(([name, version]) => {
    try {
      const installed = readJson(`node_modules/${name}/package.json`) as { version: string };
      return installed.version === version;
    } catch {
      return false;
    }
  });
}

/** Installs them from the benchmark's own lockfile and says so; a failure leaves them out. */
export function installDependencies(): void {
  if (hasDependencies()) return;
  process.stdout.write("Installing the benchmark's own dependencies (first use only)…\n");
  spawnSync("npx", ["--yes", "--prefer-offline", "pnpm@12", "install", "--frozen-lockfile"], {
    cwd: fileURLToPath(root),
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (!hasDependencies()) process.stdout.write("They could not be installed.\n");
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), "utf8"));

/** How this run was called, as a line that can be typed again. */
import { readFileSync } from "node:fs";
import { path } from "./environment.ts";

/** @returns such as `npx --yes pnpm@12 start --only=pair`. */
export function invocation(args: readonly string[], env: NodeJS.ProcessEnv): string {
  const script = env.npm_lifecycle_event ?? "start";
  const { scripts } = JSON.parse(readFileSync(path("package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const ofScript = scripts[script]?.split("start.ts ")[1]?.split(" ") ?? [];
  const added = args.filter((arg) => !ofScript.includes(arg));
  const runner = env.npm_execpath ?? "";
  if (runner.endsWith("npm-cli.js")) return ["npm run", script, "--", ...added].join(" ");
  // pnpm out of npx' own cache is on nobody's PATH
  const pnpm = /[\\/]_npx[\\/]/.test(runner) ? "npx --yes pnpm@12" : "pnpm";
  return [pnpm, script, ...added].join(" ");
}

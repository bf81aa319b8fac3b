/** k8s/README.md: its tree is the tree, its waivers are those on the objects, and what it renders can be rendered. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { render } from "../src/kustomize/render.ts";
import { K8S } from "./faults.ts";

const ROOT = join(K8S, "..");
const README = readFileSync(join(K8S, "README.md"), "utf8");

test("each folder that a command of its own renders is there to be rendered, and the checks are scripts", () => {
  const commands =
    README.match(/^ *(npx --yes pnpm@12 (?:check|policy)|kubectl kustomize ).*$/gm) ?? [];
  assert.ok(commands.length > 3, commands.join("\n"));
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const command of commands) {
    const [, script, folder] = /pnpm@12 (\S+)|kustomize (\S+)/.exec(command) ?? [];
    if (script) assert.ok(script in scripts, command);
    if (folder) assert.ok(render(join(ROOT, folder)).length > 0, command);
  }
});

test("every policy in iam/ is used by a command or named in the text", () => {
  for (const file of readdirSync(join(K8S, "iam"))) assert.ok(README.includes(`iam/${file}`), file);
});

test("the tree has a line for each folder", () => {
  const tree = /```\nk8s\/\n([\s\S]*?)```/.exec(README)?.[1] ?? "";
  const shown = [...tree.matchAll(/[├└]── (\S+?)\/ */g)].map(([, name]) => name);
  const folders = (path: string) =>
    readdirSync(join(K8S, path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  const there = [...folders("."), ...["base", "overlays", "components"].flatMap(folders)];
  assert.deepEqual(shown.sort(), there.sort());
});

test("the waivers in the table are those on the objects", () => {
  const table = /^\| waiver \|[\s\S]*?\n\n/m.exec(README)?.[0] ?? "";
  const rows = [...table.matchAll(/^\| `([\w-]+)` \| /gm)].map(([, rule]) => rule);
  const files = readdirSync(K8S, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".yaml") && !file.startsWith("golden"),
  );
  const used = files.flatMap((file) =>
    [...readFileSync(join(K8S, file), "utf8").matchAll(/waive-([\w-]+):/g)].map(([, rule]) => rule),
  );
  assert.deepEqual(rows.sort(), [...new Set(used)].sort());
});

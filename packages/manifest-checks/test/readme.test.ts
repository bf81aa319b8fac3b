/** k8s/README.md: its tree is the tree, and each command runs here or says what it needs. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { K8S } from "./faults.ts";

const ROOT = join(K8S, "..");
const README = readFileSync(join(K8S, "README.md"), "utf8");
const hasKubectl = !spawnSync("kubectl", ["version", "--client"]).error;

const commands = [...README.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)]
  .flatMap(([, block = ""]) => block.split("\n"))
  .map((line) => line.trim())
  .filter(Boolean);
const marked = commands.filter((line) => /# \(needs (a cluster|AWS)\)$/.test(line));
const plain = commands.filter((line) => !marked.includes(line));

const script = (file: string) => (): string =>
  execFileSync(process.execPath, [join(import.meta.dirname, "../src", file)], { encoding: "utf8" });
const kustomize = (folder: string) => (): string =>
  hasKubectl
    ? execFileSync("kubectl", ["kustomize", join(ROOT, folder)], { encoding: "utf8" })
    : "kind: not run";

const policyCheck = (file: string): string => {
  const cli = join(ROOT, "services/aux/src/policy/cli.ts");
  const args = ["--conditions=airlock-source", cli, "check", join(ROOT, file)];
  return execFileSync(process.execPath, args, { encoding: "utf8" });
};

const makeKey = (id: string) => `node -p '"${id}:" + crypto.randomBytes(32).toString("base64")'`;
const newKey = (id: string) => (): string =>
  execFileSync("sh", ["-c", makeKey(id)], { encoding: "utf8" });

/** The commands that need nothing but this repository, and what they print. */
const RUN: Readonly<Record<string, readonly [run: () => string, prints: RegExp]>> = {
  "npx --yes pnpm check:manifests": [
    script("check-manifests.ts"),
    /check:manifests: \d+ objects, 0 faults\n$/,
  ],
  "npx --yes pnpm check:render": [
    script("check-render.ts"),
    /check:render: (\d+ renderings, 0 faults|not run: .*)\n$/,
  ],
  "npx --yes pnpm policy check k8s/overlays/prod/aux/access-policy.yaml": [
    () => policyCheck("k8s/overlays/prod/aux/access-policy.yaml"),
    /1 rule\(s\), no fault\n$/,
  ],
  [`${makeKey("k1")} > ./env-vars-keys`]: [newKey("k1"), /^k1:[A-Za-z0-9+/]{43}=\n$/],
  [`${makeKey("k2")} >> ./env-vars-keys`]: [newKey("k2"), /^k2:[A-Za-z0-9+/]{43}=\n$/],
  "kubectl kustomize k8s/overlays/prod": [kustomize("k8s/overlays/prod"), /kind:/],
  "kubectl kustomize k8s/argocd": [kustomize("k8s/argocd"), /kind:/],
};

describe("the commands", () => {
  test("each is run by this test or marked", () => {
    assert.ok(marked.length > 10);
    assert.deepEqual(
      plain.filter((line) => !RUN[line]),
      [],
    );
    assert.deepEqual(
      Object.keys(RUN).filter((line) => !plain.includes(line)),
      [],
    );
  });

  for (const [command, [run, prints]] of Object.entries(RUN)) {
    test(command, () => assert.match(run(), prints));
  }

  test("files that a marked command names are there", () => {
    const named = marked.flatMap((line) => line.match(/k8s\/[\w./-]+/g) ?? []);
    assert.ok(named.length > 5);
    for (const path of named) assert.ok(existsSync(join(ROOT, path)), path);
  });

  test("every policy in iam/ is used by a command or named in the text", () => {
    for (const file of readdirSync(join(K8S, "iam")))
      assert.ok(README.includes(`iam/${file}`), file);
  });
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

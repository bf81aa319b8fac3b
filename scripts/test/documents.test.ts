/** README.md, docs/ and k8s/README.md: each block is run (start-jobs.alone.test.ts), read by the file that its mark names, or says what it needs. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { type Block, blocksOf } from "../src/documents/blocks.ts";
import { documentFaults } from "../src/documents/faults.ts";
import { EXPECTED, followServer } from "../src/documents/follow-server.ts";
import { programIn } from "../src/documents/program-in.ts";
import { isAsSaid, resultsOf, scriptOf, stepsOf } from "./document-steps.ts";
import { ROOT } from "./harness.ts";

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-documents-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function blocksIn(document: string): Promise<Block[]> {
  return blocksOf(await readFile(join(ROOT, document), "utf8"));
}

test("no document has a block that nobody runs, a command that is not there, or a link that leads nowhere", async () => {
  assert.deepEqual(await documentFaults(ROOT), []);
});

test("planted: each such fault is found", async (t) => {
  const root = await folderOf(t);
  await writeFile(join(root, "package.json"), '{"scripts":{"start":"node start.ts"}}');
  await writeFile(join(root, "reads.ts"), "// README.md");
  await writeFile(join(root, "deaf.ts"), "");
  const plant = async (...lines: string[]) => {
    await writeFile(join(root, "README.md"), `${lines.join("\n")}\n`);
    return documentFaults(root);
  };
  const block = (mark: string, language = "sh", line = "true") =>
    plant(mark, `\`\`\`${language}`, line, "```");
  for (const [fault, faults] of [
    [/^README\.md:2: no test runs this block/, await block("")],
    [/no test runs this block/, await block("<!-- runs -->")],
    [/no test runs this block/, await block("<!-- needs -->")],
    [/only sh can be run/, await block("<!-- run -->", "python")],
    [/sh is to be run, not to be shown/, await block("<!-- shown -->")],
    [/patience is nothing that a block may need/, await block("<!-- needs patience -->")],
    [/gone\.ts is not there/, await block("<!-- checked by gone.ts -->")],
    [/deaf\.ts does not read README\.md/, await block("<!-- checked by deaf.ts -->")],
    [/pnpm strat is no script/, await block("<!-- run -->", "sh", "npx pnpm@12 strat")],
    [
      /k8s\/overlays\/test is not there/,
      await block("<!-- needs a cluster -->", "sh", "kubectl apply -k k8s/overlays/test"),
    ],
    [/JSON/, await block("<!-- shown -->", "json", "{,}")],
    [/the block has no end/, await plant("<!-- run -->", "```sh", "true")],
    [/gone\.md is not there/, await plant("[it](gone.md)")],
    [/has no heading #below/, await plant("# Above", "[it](#below)")],
  ] as const) {
    assert.equal(faults.length, 1, `${fault}: ${faults.join("\n") || "found nothing"}`);
    assert.match(faults[0] ?? "", fault);
  }
  await mkdir(join(root, "docs"));
  await writeFile(join(root, "docs/lost.md"), "");
  assert.deepEqual(await plant("# Here"), ["docs/lost.md: is not in docs/README.md"]);
  await rm(join(root, "docs"), { recursive: true });
  assert.deepEqual(await block("<!-- checked by reads.ts -->"), []);
  assert.deepEqual(await block("<!-- run -->", "sh", "npx --yes pnpm@12 start"), []);
});

test("planted: a command that prints something else, or fails, is told from one that prints what is said", async () => {
  const page =
    '<!-- run -->\n```sh\nprintf \'{"a":1,"b":2}\'\n# {"a":1,…}\nname=x\necho $name\n# x\n```\n';
  const steps = stepsOf(blocksOf(page));
  const { stdout } = spawnSync("sh", ["-c", scriptOf(steps)], { encoding: "utf8" });
  const results = resultsOf(stdout);
  assert.deepEqual(
    results.map(({ code }) => code),
    ["0", "0"],
  );
  for (const [index, said, isSaid] of [
    [0, '{"a":1,…}', true],
    [0, '{"a":2,…}', false],
    [0, '{"b":2}', false],
    [1, "x", true],
    [1, "y", false],
  ] as const)
    assert.equal(isAsSaid(results[index]?.text ?? "", said), isSaid, said);
  assert.deepEqual(
    steps.map(({ prints }) => prints?.trim()),
    ['{"a":1,…}', "x"],
  );
  const failing = scriptOf([{ commands: "false\necho on\n", prints: undefined }]);
  assert.deepEqual(resultsOf(String(spawnSync("sh", ["-c", failing]).stdout)), []);
});

test("the application in Node of README.md follows a value, through each thing that can happen", async (t) => {
  const server = await followServer();
  t.after(() => server.close());
  const program = await programIn("README.md", "js");
  const words = [
    "--input-type=module",
    "-e",
    program.replace("http://localhost:8080", server.origin),
  ];
  const node = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "ignore"] });
  const output = await text(node.stdout);
  assert.deepEqual({ output, requests: server.requests }, EXPECTED);
});

test("the test command of README.md is what CI runs", async () => {
  const [commands] = (await blocksIn("README.md")).filter(({ language }) => language === "sh");
  const [, testing = ""] = /^(npx .* test) /m.exec(commands?.text ?? "") ?? [];
  assert.ok((await readFile(join(ROOT, ".ci/run"), "utf8")).includes(`${testing}\n`), testing);
});

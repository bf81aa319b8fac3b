/** Values and objects of one's own under `start`: put by its controls, there at the next start, gone after --reset. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { KNOWN_SESSIONS, WRITER_SESSION } from "@airlock/local-aws";
import { exportsOf } from "../src/start/sessions.ts";
import { ROOT, type Run, start, stopRuns } from "./harness.ts";
import { inShell } from "./shells.ts";

const OBJECT = "/storage/own-bucket/notes/today.txt";

async function answerOf(run: Run, path: string): Promise<string> {
  const answer = await fetch(run.gateway + path);
  const body = await answer.text();
  return answer.ok ? body : String(answer.status);
}

async function stop(run: Run): Promise<void> {
  run.process.kill("SIGTERM");
  assert.equal(await run.exit(), 0, run.stderr());
}

test("a value and an object of one's own are there after a restart, and gone after --reset", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "airlock-own-"));
  t.after(async () => {
    await stopRuns(t);
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  const DATA_FOLDER = join(folder, "data");
  const seed = join(folder, "seed");
  await mkdir(join(seed, "objects/seed-bucket"), { recursive: true });
  await writeFile(join(seed, "parameters.yaml"), "/seed/port: 5432\n");
  await writeFile(join(seed, "objects/seed-bucket/a.txt"), "seeded");

  const first = await start(t, ["--only=pair"], { DATA_FOLDER });
  await first.ready();
  for (const [what, body] of [
    ["parameters", { parameters: [{ name: "/own/greeting", value: "hello" }] }],
    ["objects", { bucket: "own-bucket", key: "notes/today.txt", body: "an object of my own" }],
  ] as const) {
    const url = `${first.localAws}/_control/${what}`;
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
    assert.deepEqual(await answer.json(), { added: 1 });
  }
  // each version of the AWS CLI has a name of its own for the region
  const regions = `. ${join(DATA_FOLDER, "writer-session.sh")}; echo $AWS_REGION $AWS_DEFAULT_REGION`;
  assert.equal((await inShell("sh", [regions])).trim(), "eu-west-1 eu-west-1");
  await stop(first);

  const second = await start(t, ["--only=pair", `--seed=${seed}`], { DATA_FOLDER });
  await second.ready();
  assert.match(await answerOf(second, "/config//own/greeting"), /"value":"hello"/);
  assert.equal(await answerOf(second, OBJECT), "an object of my own");
  assert.equal(await answerOf(second, "/config//seed/port"), "404");
  assert.match(second.stdout(), /--seed fills an empty run alone: add --reset/);
  await stop(second);

  const third = await start(t, ["--only=pair", "--reset", `--seed=${seed}`], { DATA_FOLDER });
  await third.ready();
  assert.equal(await answerOf(third, "/config//own/greeting"), "404");
  assert.equal(await answerOf(third, OBJECT), "404");
  assert.match(await answerOf(third, "/config//seed/port"), /"value":"5432"/);
  assert.equal(await answerOf(third, "/storage/seed-bucket/a.txt"), "seeded");
  assert.match(await answerOf(third, "/config//airlock/dev/database/port"), /"value":"5432"/);
});

test("a seed that does not fit ends the run with its name", async (t) => {
  const run = await start(t, ["--only=aux", "--seed=/nowhere"]);
  assert.equal(await run.exit(), 1);
  assert.match(run.stderr(), /\/nowhere has neither parameters\.yaml nor objects\//);
});

test("compose.yaml has the lines of the sessions", async () => {
  const compose = await readFile(join(ROOT, "compose.yaml"), "utf8");
  for (const line of [...exportsOf(KNOWN_SESSIONS.gpuUser), ...exportsOf(WRITER_SESSION)]) {
    assert.ok(compose.includes(`#   ${line}\n`), line);
  }
});

/** Values and objects of one's own under `start`: put as the README says, there at the next start, gone after --reset. */
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

test("the README's commands put a value and an object; they are there after a restart, and gone after --reset", async (t) => {
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
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const commands = readme.split("\n").filter((line) => /^curl .*own[/-]/.test(line));
  assert.equal(commands.length, 4);
  const ports = { 4566: first.ports.LOCAL_AWS_PORT, 8080: first.ports.GATEWAY_PORT };
  const answers = [];
  for (const command of commands) {
    const here = command.replace(/localhost:(4566|8080)/, (_, port: "4566" | "8080") => {
      return `localhost:${ports[port]}`;
    });
    answers.push((await inShell("sh", [here.replace("curl", "curl -s")])).trim());
  }
  assert.equal(answers[0], '{"added":1}');
  assert.match(answers[1] ?? "", /^\{"name":"\/own\/greeting","value":"hello",/);
  assert.deepEqual(answers.slice(2), ['{"added":1}', "an object of my own"]);
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

/** The whole way: `gpu-dev` as a user runs it, through the gateway, jobs and the processor of `start`. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { start } from "../../../scripts/test/harness.ts";
import { makeBundle } from "../src/bundle/make-bundle.ts";
import { gpuDevChild } from "./child.ts";
import { exampleIn } from "./examples.ts";

test("login, reserve, submit, list, show, logs, extend, cancel and keys, with no secret anywhere", async (t) => {
  // credentials themselves are not taken, as outside dev
  const asOutsideDev = { ALLOW_RAW_AWS_LOGIN: "off", LOGIN_SERVER_ID: "jobs.example.com" };
  const run = await start(t, [], { LOGIN_RATE_PER_MINUTE: "1000", ...asOutsideDev });
  const home = await mkdtemp(join(tmpdir(), "airlock-cli-home-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const [bundle] = await Promise.all([makeBundle(home), run.ready()]);
  const child = (words: readonly string[]) =>
    gpuDevChild(words, env, { program: [process.execPath, bundle] });
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  const env = {
    HOME: home,
    GPU_DEV_API_URL: run.gateway,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    GPU_DEV_DEBUG: "api",
    A_SECRET: "secret-of-a-job",
  };
  const told: string[] = [];
  const gpuDev = async (...words: string[]) => {
    const { code, out, err } = await child(words).ended;
    told.push(out, err);
    assert.equal(code, 0, `gpu-dev ${words.join(" ")}: ${err}`);
    return { out, err };
  };

  await gpuDev("config", "set", "server_id", asOutsideDev.LOGIN_SERVER_ID);

  // two commands at once, before there is a key: one login
  const [lists] = await Promise.all([gpuDev("list", "--json"), gpuDev("avail", "--json")]);
  assert.deepEqual(JSON.parse(lists.out), { jobs: [], total: 0 });
  const key = JSON.parse(await readFile(join(home, ".gpu-dev/credentials"), "utf8")).api_key;
  const logins = () => run.stdout().match(/"event":"login"/g)?.length ?? 0;
  assert.match((await gpuDev("whoami")).out, /alice-example\.com/);

  const box = await gpuDev("reserve", "--hours", "30m", "--name", "box");
  const id = box.out.trim();
  assert.match(box.err, /are yours until/);
  const ran = await gpuDev(
    "submit",
    "--env",
    "A_SECRET",
    "--wait",
    "--json",
    "--",
    "sh",
    "-c",
    'echo $((6 * 7)); test -n "$A_SECRET"',
  );
  const lines = ran.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(lines.at(-1).status, "completed");
  assert.equal(lines.at(-1).final, true);
  assert.match((await gpuDev("logs", "-f", lines[0].job_id, "--tail", "1")).out, /^42\n$/);

  // followed while it is written, to the end of the job
  const script = "echo first; exec sleep 60";
  const writing = (await gpuDev("submit", "--", "sh", "-c", script)).out.trim();
  const following = child(["logs", "-f", writing]);
  if (following.process.stdout) await once(following.process.stdout, "data");
  await gpuDev("cancel", writing);
  const followed = await following.ended;
  assert.equal(followed.code, 0, followed.err);
  assert.equal(followed.out.match(/^first$/gm)?.length, 1, followed.out);
  assert.match(followed.err, /GET \S+\/logs\?follow=true 200 /);

  assert.match((await gpuDev("list")).out, /box +active .*\n?/);
  assert.match((await gpuDev("extend", id, "1")).err, /has 1 h more: it ends at/);
  assert.equal(
    JSON.parse((await gpuDev("show", id.slice(0, 8), "--json")).out).duration_hours,
    1.5,
  );
  await gpuDev("cancel", id.slice(0, 8));
  assert.match((await gpuDev("keys", "rotate")).err, /The key is gpud_/);

  const waiting = child(["reserve", "--gpus", "2", "--command", "sleep 60", "--wait"]);
  while (!waiting.process.killed) {
    const { out } = await gpuDev("list", "--status", "active,preparing,queued", "--json");
    if (JSON.parse(out).total > 0) waiting.process.kill("SIGINT");
    else await sleep(50);
  }
  const { code, err } = await waiting.ended;
  assert.equal(code, 130, err);
  await gpuDev("cancel", "--all", "--yes");
  assert.equal(logins(), 1, "one login for all commands");
  assert.match((await gpuDev("logout")).err, /the key has ended/);

  // the example of docs/login.md: a signer of its own
  const example = join(home, "login.ts");
  await writeFile(example, await exampleIn("ts"));
  const { ended } = gpuDevChild([run.gateway, asOutsideDev.LOGIN_SERVER_ID], env, {
    program: [process.execPath, example],
  });
  const { out: given, err: why } = await ended;
  assert.match(given, /^gpud_\w{49}\n$/, why);

  // the stand-in's own credentials are printed for everybody to log in with
  const services = `${run.stdout()}\n${run.stderr()}`.replace(/^ +export AWS_\w+=\S+$/gm, "");
  const words = [...told, services].join("\n");
  for (const secret of [key, secretAccessKey, sessionToken, "secret-of-a-job"]) {
    assert.ok(!words.includes(secret), "a secret was told");
  }
});

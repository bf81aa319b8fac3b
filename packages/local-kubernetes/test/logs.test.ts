/** Logs of pods: from the end, since a time, up to a size, and as they come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasEnded, start } from "./harness.ts";

test("a log is read from its end, up to a size, with times", async (t) => {
  const { run, until, log } = await start(t);
  await run("lines", "for i in 1 2 3 4 5; do echo line $i; done; printf half");
  await until("lines", hasEnded);
  assert.equal(await log("lines", "?tailLines=3"), "line 4\nline 5\nhalf");
  assert.equal(await log("lines", "?tailLines=0"), "");
  assert.equal(await log("lines", "?tailLines=2&limitBytes=5"), "line ");
  assert.match(
    await log("lines", "?tailLines=1&timestamps=true"),
    /^\d{4}-\d\d-\d\dT[\d:.]+Z half$/,
  );
  assert.match(await log("lines", "?sinceSeconds=60"), /line 1/);
  const later = new Date(Date.now() + 60_000).toISOString();
  assert.equal(await log("lines", `?sinceTime=${later}`), "");
});

test("a log is followed as it comes, until its end", async (t) => {
  const { run, local } = await start(t);
  await run("slow", "echo one; sleep 0.2; echo two; sleep 0.2; printf three");
  const url = `${local.url}/api/v1/namespaces/jobs/pods/slow/log?follow=true&tailLines=1`;
  let response = await fetch(url);
  while (response.status === 400) response = await fetch(url);
  const parts: string[] = [];
  for await (const part of response.body ?? []) parts.push(Buffer.from(part).toString());
  assert.ok(parts.length >= 3, JSON.stringify(parts));
  assert.match(parts.join(""), /two\nthree$/);
});

test("what a log cannot be asked for is refused in the server's words", async (t) => {
  const { run, until, call } = await start(t);
  await run("ended", "true");
  await until("ended", hasEnded);
  const words = async (query: string) => {
    const { status, body } = await call("GET", `/namespaces/jobs/pods/ended/log${query}`);
    return `${status} ${body.message}`;
  };
  assert.match(
    await words("?tailLines=-1"),
    /^422 PodLogOptions "ended" is invalid: tailLines: Invalid/,
  );
  assert.match(await words("?tailLines=x"), /^400 strconv\.ParseInt: parsing "x": invalid syntax/);
  assert.match(await words("?container=zz"), /^400 container zz is not valid for pod ended/);
  assert.match(
    await words("?limitBytes=0"),
    /^422 .*limitBytes: Invalid value: 0: must be greater than 0/,
  );
});

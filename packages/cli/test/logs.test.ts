/** `gpu-dev logs -f`: the stream of a service, and what takes its place where there is none or it breaks off. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gpuDev, JOB, LOGGED_IN, quickClock, realTransport, temporaryHome } from "./harness.ts";

const HEAD_MS = 1000;
const PATIENT_MS = 20_000;

interface Service {
  /** What the job is at each question after the first, which finds it; the last goes on. */
  readonly states?: readonly string[];
  readonly log?: (tail: number) => string;
  /** Answers what follows; unset, as a service that does not know the word. */
  readonly stream?: (response: ServerResponse, tail: number) => void | Promise<void>;
  /** Whether a key is good. */
  readonly isGood?: (key: string) => boolean;
}

/** A service with one job. What it was asked of logs, and how often somebody logged in. */
async function serve(t: TestContext, { states = ["active"], log, stream, isGood }: Service) {
  const asked: string[] = [];
  let logins = 0;
  let looks = 0;
  const server = createServer(async (request, response) => {
    const { pathname, search, searchParams } = new URL(request.url ?? "", "http://service");
    const tell = (body: unknown, status = 200) =>
      response.writeHead(status).end(JSON.stringify(body));
    if (pathname === "/v1/auth/challenge") return tell({ challenge: "c".repeat(43) });
    if (pathname === "/v1/auth/aws-login") {
      logins++;
      return tell({ ...LOGGED_IN, api_key: `gpud_${String(logins).repeat(49)}` });
    }
    const key = request.headers.authorization?.replace("Bearer ", "") ?? "";
    if (isGood?.(key) === false) {
      return tell({ code: "api_key_invalid", detail: "Not a key.", request_id: "r" }, 401);
    }
    if (!pathname.endsWith("/logs")) {
      const status = states[Math.max(0, Math.min(looks++ - 1, states.length - 1))];
      return tell({ ...JOB, status, current_detailed_status: "Waits for 2 GPUs." });
    }
    asked.push(search);
    const tail = Number(searchParams.get("tail") ?? Number.POSITIVE_INFINITY);
    if (stream && searchParams.get("follow") === "true") return await stream(response, tail);
    response.end(log?.(tail) ?? "");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, logins: () => logins };
}

async function logs(
  t: TestContext,
  url: string,
  words: readonly string[] = [],
  onPrint?: (text: string) => void,
  headMs = PATIENT_MS,
) {
  return await gpuDev(["logs", "-f", JOB.job_id, ...words], {
    home: await temporaryHome(t),
    env: { GPU_DEV_API_URL: url },
    transport: realTransport(url, headMs),
    clock: quickClock(),
    ...(onPrint && { onPrint }),
  });
}

const LINES = ["a\n", "a\n", "a\n", "b\n", "c\n", "d\n"];
const upTo = (count: number) => LINES.slice(0, count).join("");
const cut = (response: ServerResponse, text: string) =>
  response.write(text, () => response.socket?.destroy());

test("the stream is printed as it comes, to its end, however long it lasts and wherever it is parted", async (t) => {
  const printed: string[] = [];
  let hasPrinted = () => {};
  const { url, asked } = await serve(t, {
    states: ["active", "completed"],
    log: () => "grün\nrot\n",
    async stream(response) {
      const bytes = Buffer.from("grün\n");
      for (const part of [bytes.subarray(0, 3), bytes.subarray(3), Buffer.from("rot\n")]) {
        const isPrinted = new Promise<void>((resolve) => {
          hasPrinted = resolve;
        });
        response.write(part);
        await isPrinted;
      }
      await sleep(HEAD_MS * 1.5);
      response.end();
    },
  });
  const onPrint = (text: string) => {
    printed.push(text);
    hasPrinted();
  };
  const words = ["--since", "10m", "--tail", "7"];
  const { code, out, err } = await logs(t, url, words, onPrint, HEAD_MS);
  assert.equal(code, 0, err);
  assert.equal(out, "grün\nrot\n");
  assert.deepEqual(printed, ["gr", "ün\n", "rot\n"]);
  assert.equal(asked[0], "?follow=true&tail=7&since=10m");
  assert.equal(asked.length, 2, "one look at the end");
});

/** A job that writes while it is asked, and whose stream breaks off again and again. */
function brokenOff(lines: readonly string[], states: string[], perStream: number) {
  let written = 2;
  const write = (count: number) => {
    written += count;
    if (written >= lines.length) states[0] = "completed";
  };
  const shown = (tail: number) => lines.slice(Math.max(0, written - tail), written).join("");
  return {
    states,
    log(tail: number) {
      write(1);
      return shown(tail);
    },
    stream(response: ServerResponse, tail: number) {
      const before = written;
      write(perStream);
      // one more that the break takes away
      write(1);
      cut(response, shown(tail + written - before).slice(0, -(lines[written - 1]?.length ?? 0)));
    },
  };
}

const SAME = [
  "a\n",
  "a\n",
  "a\n",
  "b\n",
  "a\n",
  "a\n",
  "",
  "a\n",
  "b\n",
  "b\n",
  "b\n",
  "b\n",
  "b\n",
];
const NUMBERED = Array.from({ length: 60 }, (_, index) => `line ${index}\n`);

for (const [name, lines, tail] of [
  ["of lines that are alike", SAME, undefined],
  ["of lines that differ", NUMBERED, undefined],
  ["of lines that differ, with --tail 0", NUMBERED, 0],
  ["of lines that differ, with --tail 1", NUMBERED, 1],
] as const) {
  test(`a stream ${name}, which breaks off again and again, is taken up: each line once`, async (t) => {
    const service = brokenOff(lines, ["active"], 3);
    const { url, asked } = await serve(t, service);
    const { code, out, err } = await logs(t, url, tail === undefined ? [] : ["--tail", `${tail}`]);
    assert.equal(code, 0, err);
    assert.equal(out, lines.slice(tail === undefined ? 0 : 2 - tail).join(""));
    const streams = asked.filter((search) => search.includes("follow"));
    assert.ok(streams.length > 1, asked.join(" "));
    assert.equal(err, "");
  });
}

test("where it cannot be known where the stream goes on, that is said", async (t) => {
  const line = `${"x".repeat(1000)}\n`;
  const written = line.repeat(2500);
  const states = ["active"];
  let streams = 0;
  const { url } = await serve(t, {
    states,
    log: (tail) => line.repeat(Math.min(tail, 2500)),
    stream(response, tail) {
      if (streams++ === 0) return void cut(response, written);
      states[0] = "completed";
      return void response.end(`${line.repeat(Math.min(tail, 2500))}end\n`);
    },
  });
  const { out, err } = await logs(t, url);
  assert.ok(out.endsWith(`${line}end\n`));
  assert.match(err, /taken up again: here lines may be missing, or come a second time/);
});

test("a stream that is longer than what is kept of it goes on behind its end", async (t) => {
  const line = (index: number) => `${index} ${"x".repeat(1000)}\n`;
  const all = Array.from({ length: 2500 }, (_, index) => line(index));
  const { url, asked } = await serve(t, {
    states: ["active", "completed"],
    log: () => [...all, "end\n"].slice(-500).join(""),
    stream: (response) => void cut(response, all.join("")),
  });
  const { out } = await logs(t, url);
  assert.equal(out, `${all.join("")}end\n`);
  assert.deepEqual(asked, ["?follow=true", "?tail=500"]);
});

test("a log that is shorter at the end than what was seen has nothing new", async (t) => {
  for (const words of [[], ["--tail", "3"]]) {
    const { url } = await serve(t, {
      states: ["active", "active", "completed"],
      log: () => "one\ntwo\n",
      stream: (response) => void response.end("one\ntwo\nTerminated\n"),
    });
    assert.equal((await logs(t, url, words)).out, "one\ntwo\nTerminated\n");
  }
});

test("a service that does not know the stream, or has no place for it, is asked again and again", async (t) => {
  const refuse = (status: number) => (response: ServerResponse) => {
    const problem = { code: "no", detail: "No.", request_id: "r" };
    response.writeHead(status).end(JSON.stringify(problem));
  };
  for (const stream of [undefined, refuse(400), refuse(429)]) {
    let written = 1;
    const { url } = await serve(t, {
      states: ["active", "active", "completed"],
      log: () => upTo(written++),
      ...(stream && { stream }),
    });
    const { code, out, err } = await logs(t, url);
    assert.equal(code, 0, err);
    assert.equal(out, upTo(written - 1));
  }
});

test("a key that is revoked ends the stream: one login, and it goes on", async (t) => {
  let revoked = "";
  const { url, logins } = await serve(t, {
    states: ["active", "active", "completed"],
    log: () => "one\ntwo\n",
    stream(response) {
      revoked = `gpud_${"1".repeat(49)}`;
      cut(response, "one\n");
    },
    isGood: (key) => key !== revoked,
  });
  const { code, out, err } = await logs(t, url);
  assert.equal(code, 0, err);
  assert.equal(out, "one\ntwo\n");
  assert.match(err, /not accepted any more: logging in again/);
  assert.equal(logins(), 2);
});

test("a job that waits has no stream yet; all that it writes then is printed, also with --tail", async (t) => {
  const { url, asked } = await serve(t, {
    states: ["queued", "queued", "active", "completed"],
    log: () => (asked.some((search) => search.includes("follow")) ? "one\ntwo\n" : ""),
    stream: (response) => void response.end("one\ntwo\n"),
  });
  const { code, out, err } = await logs(t, url, ["--tail", "1"]);
  assert.equal(code, 0, err);
  assert.equal(out, "one\ntwo\n");
  assert.deepEqual(asked, ["?tail=10000", "?tail=10000", "?follow=true", "?tail=10000"]);
});

test("Ctrl-C ends it at once, while nothing comes", async (t) => {
  const { url } = await serve(t, { stream: (response) => void response.write("one\n") });
  const interrupt = new AbortController();
  const { code, out } = await gpuDev(["logs", "-f", JOB.job_id], {
    home: await temporaryHome(t),
    env: { GPU_DEV_API_URL: url },
    signal: interrupt.signal,
    clock: quickClock(),
    onPrint: () => interrupt.abort(),
  });
  assert.equal(code, 130);
  assert.equal(out, "one\n");
});

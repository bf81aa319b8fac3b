/** Jobs: what is asked for, what is waited for, how it ends, and what programs are told of it. */
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseSshPublicKey } from "@airlock/contract";
import type { Exchange, Transport } from "../src/api/transport.ts";
import {
  GPU_TYPE,
  gpuDev,
  JOB,
  type Played,
  playing,
  quickClock,
  temporaryHome,
} from "./harness.ts";

const KEY = { GPU_DEV_API_KEY: "given-given-given-given" };
const ACCEPTED = {
  job_id: JOB.job_id,
  status: "queued",
  message: "Job submitted successfully to queue (message ID: 7)",
};

/** A service whose job goes through states, one at each look. */
function serving(
  states: readonly object[],
  types: readonly (Partial<typeof GPU_TYPE> & { gpu_type: string })[] = [GPU_TYPE],
): Played {
  let looks = 0;
  return ({ method, path }) => {
    if (path === "/v1/gpu/availability") {
      const entries = types.map((type) => [type.gpu_type, { ...GPU_TYPE, ...type }]);
      return { body: { availability: Object.fromEntries(entries) } };
    }
    if (method === "POST") return { body: ACCEPTED };
    return { body: { ...JOB, ...states[Math.min(looks++, states.length - 1)] } };
  };
}

const bodyOf = (asked: readonly Exchange[]) =>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  asked.find(({ path }) => path === "/v1/jobs/submit")?.body as any;

test("reserve: the seed's words, the only type with nodes, a key of this machine, and waiting until it is active", async (t) => {
  const home = await temporaryHome(t);
  const asked: Exchange[] = [];
  const states = [
    { status: "queued" },
    { status: "preparing", current_detailed_status: "Pulling." },
    {},
  ];
  const types = [GPU_TYPE, { gpu_type: "a100", total: 0, available: 0 }];
  const transport = playing(serving(states, types), asked);
  const words = ["reserve", "--gpus", "2", "--hours", "4"];
  const { code, out, err } = await gpuDev(words, {
    home,
    env: KEY,
    transport,
    clock: quickClock(),
  });
  assert.equal(code, 0, err);
  assert.equal(out, `${JOB.job_id}\n`, "the id alone is data");
  assert.match(err, /GPU type h100: the only type with nodes/);
  assert.match(
    err,
    /queued\n.*preparing: Pulling\.\n.*yours until .*\n {2}gpu-dev connect 3f2a91bc/s,
  );
  const { duration_hours, env_vars, ssh_public_keys } = bodyOf(asked);
  assert.equal(duration_hours, 4);
  assert.deepEqual(env_vars, { GPU_TYPE: "h100", GPU_COUNT: "2" });
  const [key] = ssh_public_keys;
  assert.equal(key, (await readFile(join(home, ".gpu-dev/id_ed25519.pub"), "utf8")).trim());
  assert.ok(parseSshPublicKey(key), "the service takes it");
  assert.equal((await stat(join(home, ".gpu-dev/id_ed25519"))).mode & 0o777, 0o600);
  const again: Exchange[] = [];
  await gpuDev(words, {
    home,
    env: KEY,
    transport: playing(serving([{}]), again),
    clock: quickClock(),
  });
  assert.equal(bodyOf(again).ssh_public_keys[0], key, "one key for all jobs");
});

test("--disk none is no disk, as in the seed's client", async (t) => {
  const home = await temporaryHome(t);
  const asked: Exchange[] = [];
  const transport = playing(serving([{}]), asked);
  const all = { home, env: KEY, transport, clock: quickClock() };
  const words = ["submit", "--instance", "p5.48xlarge", "--disk", "none"];
  assert.equal((await gpuDev(words, all)).code, 0);
  assert.ok(!("disk_name" in bodyOf(asked)), JSON.stringify(bodyOf(asked)));
  const sized = await gpuDev([...words, "--disk-size", "10"], all);
  assert.equal(sized.code, 2);
  assert.match(sized.err, /--disk-size goes with --disk/);
});

test("a line of --env-file that is no pair is refused by its number, and not shown", async (t) => {
  const home = await temporaryHome(t);
  const file = join(home, "vars");
  const submit = async (text: string) => {
    await writeFile(file, text);
    return await gpuDev(["submit", "--instance", "p5.48xlarge", "--env-file", file], {
      ...{ home, env: KEY, transport: playing(serving([{}])), clock: quickClock() },
    });
  };
  for (const [text, line] of [
    ["A=1\nsecret-word\n", 2],
    ['# say A="1\r\nA="1\n2"\r\n\r\nexport B\r\n', 5],
    ["=1\n", 1],
  ] as const) {
    const { code, err } = await submit(text);
    assert.equal(code, 2, err);
    assert.match(err, new RegExp(`vars, line ${line}: it is not NAME=VALUE`));
    assert.doesNotMatch(err, /secret-word/);
  }
  const good = "# it's\n\n  A=1\nexport B='2\nTWO\n' # two\nC=\nD=it's\r\nE=`a\n\"b`\n";
  assert.equal((await submit(good)).code, 0);
});

test("submit sends what is asked for, prints the id and does not wait", async (t) => {
  const home = await temporaryHome(t);
  await writeFile(join(home, "vars"), "# comment\nA=1\nB='two words'\n");
  const asked: Exchange[] = [];
  const words = [
    ..."submit --image pytorch:latest --instance p5.48xlarge --hours 30m --name demo --disk data --disk-size 50".split(
      " ",
    ),
    ..."--env B=2 --env FROM_SHELL --jupyter --port 6006 --github-user octocat --keep --env-file".split(
      " ",
    ),
    ...[join(home, "vars"), "--", "python", "train it.py"],
  ];
  const env = { ...KEY, FROM_SHELL: "secret-of-the-shell" };
  const transport = playing(serving([{}]), asked);
  const { code, out, err } = await gpuDev(words, { home, env, transport, clock: quickClock() });
  assert.equal(code, 0, err);
  assert.equal(out, `${JOB.job_id}\n`);
  const { ssh_public_keys: _, ...body } = bodyOf(asked);
  assert.deepEqual(body, {
    image: "pytorch:latest",
    instance_type: "p5.48xlarge",
    duration_hours: 0.5,
    disk_name: "data",
    disk_size_gb: 50,
    command: "python 'train it.py'",
    keep: true,
    ports: [6006],
    env_vars: {
      GITHUB_USER: "octocat",
      JUPYTER_ENABLED: "true",
      POD_NAME: "demo",
      A: "1",
      B: "2",
      FROM_SHELL: "secret-of-the-shell",
    },
  });
  assert.equal(
    asked.filter(({ method }) => method === "GET").length,
    1,
    "availability alone is read",
  );
  const plan = {
    ...{ admissible: true, would_start_now: false, gpu_type: "h100", gpu_count: 8 },
    ...{ duration_hours: 0.5, position: 2, remedies: ["Ask for 2 at most."], pod: { kind: "Pod" } },
    reason: { code: "no_free_node", sentence: "Waits for 8 h100 GPUs on one node: none is free." },
    start: { p50: "2026-01-15T18:30:00+00:00", p90: "2026-01-15T20:30:00+00:00" },
  };
  const planned: Exchange[] = [];
  const planning = (answer: object) =>
    playing(
      (exchange) =>
        exchange.path === "/v1/jobs/plan" ? { body: answer } : serving([{}])(exchange),
      planned,
    );
  const dryRun = (answer: object, ...more: string[]) =>
    gpuDev([...words.slice(0, 1), "--dry-run", ...more, ...words.slice(1)], {
      ...{ home, env, transport: planning(answer), clock: quickClock() },
    });
  const dry = await dryRun(plan, "--json");
  assert.equal(dry.code, 0, dry.err);
  assert.doesNotMatch(dry.out, /secret-of-the-shell|two words/);
  assert.equal(dry.json.request.env_vars.FROM_SHELL, "***");
  assert.deepEqual(dry.json.pod, { kind: "Pod" });
  assert.ok(
    planned.every(({ path }) => path !== "/v1/jobs/submit"),
    "nothing is submitted",
  );
  const shown = await dryRun(plan);
  assert.match(
    shown.out,
    /^8 × h100 for 30 min would wait\.\nWaits for 8 h100 .*\nIts place in line: 2\.\nLikely to start by .*\n- Ask for 2 at most\.\nPOST /,
  );
  const quota = { ...plan, admissible: false, position: null, start: null };
  const reason = { code: "quota", sentence: "Your quota is 1 GPU at once, and you have 1." };
  const refused = await dryRun({ ...quota, reason });
  assert.equal(refused.code, 6);
  assert.match(refused.out, /would be refused\.\nYour quota is 1 GPU/);
});

test("without a type: the configured one, the only one, the freest that can hold it; none is exit 6", async (t) => {
  const home = await temporaryHome(t);
  const types = [
    { gpu_type: "a100", available: 2 },
    { gpu_type: "h100", available: 6 },
    { gpu_type: "t4", available: 9, max_per_node: 1 },
    { gpu_type: "cpu-x86", available: 30 },
    { gpu_type: "b200", total: 0, available: 0 },
  ];
  const chosen = async (...words: string[]) => {
    const asked: Exchange[] = [];
    const transport = playing(serving([{}], types), asked);
    const ran = await gpuDev(["submit", ...words], {
      home,
      env: KEY,
      transport,
      clock: quickClock(),
    });
    return { ...ran, type: bodyOf(asked)?.env_vars.GPU_TYPE };
  };
  assert.equal((await chosen()).type, "t4");
  assert.equal((await chosen("--gpus", "2")).type, "h100");
  assert.match((await chosen("--gpus", "2")).err, /GPU type h100: 6 free, the most of all types/);
  assert.equal((await chosen("--gpus", "0")).type, "cpu-x86");
  assert.equal((await chosen("--type", "A100")).type, "a100");
  for (const words of [
    ["--gpus", "9"],
    ["--gpus", "2", "--type", "t4"],
  ]) {
    const { code, err, type } = await chosen(...words);
    assert.equal(code, 6, err);
    assert.match(err, /more than a node of \w+ has/);
    assert.equal(type, undefined, "nothing was sent");
  }
  const unknown = await chosen("--type", "a10");
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /Did you mean a100\?/);
  await gpuDev(["config", "set", "gpu_type", "a100"], { home });
  assert.equal((await chosen()).type, "a100");
});

const ENDS = [
  ["completed", 0, /is completed/],
  ["failed", 3, /is failed: The command ended with exit code 3\.\n {2}gpu-dev logs 3f2a91bc/],
  ["cancelled", 3, /is cancelled/],
  ["expired", 3, /is expired/],
] as const;

for (const [status, exit, says] of ENDS) {
  test(`--wait of a command that is ${status}: exit ${exit}; as JSON lines of whole jobs, the last with final`, async (t) => {
    const home = await temporaryHome(t);
    const end =
      status === "failed" ? { failure_reason: "The command ended with exit code 3." } : {};
    const states = [
      { status: "queued" },
      { status: "queued" },
      { status: "active" },
      { status, ...end },
    ];
    const words = ["submit", "--command", "true", "--wait"];
    const { code, err } = await gpuDev(words, {
      home,
      env: KEY,
      api: serving(states),
      clock: quickClock(),
    });
    assert.equal(code, exit, err);
    assert.match(err, says);
    const json = await gpuDev([...words, "--json"], {
      home,
      env: KEY,
      api: serving(states),
      clock: quickClock(),
    });
    assert.equal(json.code, exit);
    const lines = json.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map((job) => job.status),
      ["queued", "active", status],
      "one line a change",
    );
    assert.deepEqual(
      lines.map((job) => job.final),
      [undefined, undefined, true],
    );
    for (const job of lines) assert.equal(job.job_id, JOB.job_id);
  });
}

const FOLLOWING: readonly (readonly [words: string, isAway: RegExp])[] = [
  ["logs -f", /^GET \/v1\/jobs\/3f/],
  ["logs -f", /\/logs/],
  ["events -f", /\/events/],
  ["extend 1 --json", /^GET \/v1\/jobs\/3f/],
  ["disk snapshot", /\/operations\//],
];
for (const [words, isAway] of FOLLOWING) {
  test(`${words}, in a pipe: says once that ${isAway} is away, and gives up after five minutes`, async (t) => {
    const home = await temporaryHome(t);
    let looks = 0;
    const api: Played = ({ method, path }) => {
      if (method === "POST") return { body: { operation_id: "1", message: "Asked for." } };
      // the first look finds the job
      if (isAway.test(`${method} ${path}`) && (looks++ > 0 || /logs|events|op/.test(path)))
        return { status: 503, body: { code: "database_unavailable", detail: "Away." } };
      return { body: JOB };
    };
    const clock = quickClock();
    const began = clock.now();
    const [command = "", ...flags] = words.split(" ");
    const named = command === "disk" ? [...flags, "data"] : [JOB.job_id, ...flags];
    const { code, err } = await gpuDev([command, ...named], { home, env: KEY, api, clock });
    assert.equal(code, 1, err);
    assert.equal(err.match(/Away\. Trying again/g)?.length, 1, err);
    assert.match(err, /error: Away\./);
    const minutes = (clock.now() - began) / 60_000;
    assert.ok(minutes > 5 && minutes < 6, String(minutes));
  });
}

test("waiting goes on through a service that is away, and Ctrl-C ends the waiting and not the job", async (t) => {
  const home = await temporaryHome(t);
  const asked: Exchange[] = [];
  let looks = 0;
  const good = serving([{}]);
  const api: Played = (exchange) =>
    exchange.path.startsWith("/v1/jobs/3f") && looks++ < 5
      ? { status: 503, body: { code: "database_unavailable", detail: "Away." } }
      : good(exchange);
  const ran = await gpuDev(["reserve"], { home, env: KEY, api, clock: quickClock() });
  assert.equal(ran.code, 0, ran.err);
  assert.equal(ran.err.match(/Away\. Trying again; the job goes on/g)?.length, 1);
  const interrupted = new AbortController();
  const transport = playing((exchange) => {
    if (exchange.path.startsWith("/v1/jobs/3f")) interrupted.abort();
    return serving([{ status: "queued" }])(exchange);
  }, asked);
  const { signal } = interrupted;
  const { code, out, err } = await gpuDev(["reserve"], {
    home,
    env: KEY,
    transport,
    signal,
    clock: quickClock(),
  });
  assert.equal(code, 130);
  assert.equal(out, `${JOB.job_id}\n`);
  assert.match(err, /the job goes on\. gpu-dev show 3f2a91bc/);
  assert.ok(!asked.some(({ path }) => path.endsWith("/cancel")));
});

test("ids that are nobody's are exit 5, well formed or not; too many requests are 6", async (t) => {
  const home = await temporaryHome(t);
  const asked: Exchange[] = [];
  const transport = playing(
    () => ({ status: 404, body: { code: "job_not_found", detail: "Job not found" } }),
    asked,
  );
  for (const id of [
    "3f2a91bc",
    "x",
    "../keys",
    "a/b",
    "%2e",
    "ü",
    "a".repeat(100),
    "gpu-dev-3f2a91bc-0123456789abcdef",
  ]) {
    for (const command of ["show", "logs", "explain", "cancel"]) {
      const { code, err, out } = await gpuDev([command, id], {
        home,
        env: KEY,
        transport,
        clock: quickClock(),
      });
      // what is no job's name and no id is asked for as a pod in the list
      assert.equal(code, 5, `${command} ${id}: ${err}`);
      assert.equal(out, "");
    }
  }
  assert.ok(
    asked.every(({ path }) => /^\/v1\/jobs(\/3f2a91bc)?(\?|$)/.test(path)),
    "no other path is asked",
  );
  const busy: Played = () => ({
    status: 429,
    body: { code: "rate_limited", detail: "Too many requests." },
  });
  assert.equal(
    (await gpuDev(["list"], { home, env: KEY, api: busy, clock: quickClock() })).code,
    6,
  );
});

test("a pod's name finds its job, also beside another that begins alike", async (t) => {
  const home = await temporaryHome(t);
  const other = { ...JOB, job_id: "3f2a91bc-ffff", pod_name: "gpu-dev-3f2a91bc-ffffffffffffffff" };
  const alone: Played = () => ({ body: JOB });
  const both: Played = ({ path }) =>
    path.startsWith("/v1/jobs/")
      ? { status: 409, body: { code: "job_id_ambiguous", detail: "Several jobs." } }
      : { body: { jobs: [other, JOB], next_cursor: null } };
  for (const api of [alone, both]) {
    const { json } = await gpuDev(["show", JOB.pod_name, "--json"], { home, env: KEY, api });
    assert.equal(json.job_id, JOB.job_id);
  }
});

test("the name that a job has of itself finds it", async (t) => {
  const home = await temporaryHome(t);
  const api: Played = ({ path }) =>
    path === "/v1/jobs/3f2a91bc"
      ? { body: JOB }
      : { status: 404, body: { code: "job_not_found", detail: "Job not found" } };
  const { json } = await gpuDev(["show", "gpu-dev-3f2a91bc", "--json"], { home, env: KEY, api });
  assert.equal(json.job_id, JOB.job_id);
});

test("the name that somebody gave it finds it: the one that lives, else the last; of two that live it is asked which", async (t) => {
  const home = await temporaryHome(t);
  const named = (job_id: string, status = "active") => ({ ...JOB, job_id, name: "box", status });
  const having =
    (...jobs: { status: string }[]): Played =>
    ({ path }) => {
      if (path.startsWith("/v1/jobs/")) {
        return { status: 404, body: { code: "job_not_found", detail: "Job box not found" } };
      }
      const isLive = path.includes("status=");
      const shown = jobs.filter(({ status }) => !isLive || status === "active");
      return { body: { jobs: shown, next_cursor: null } };
    };
  const show = (api: Played, name = "box") =>
    gpuDev(["show", name, "--json"], { home, env: KEY, api });
  const old = [named("newest-0", "failed"), named("oldest-0", "completed")];
  assert.equal((await show(having(...old, named("living-0")))).json.job_id, "living-0");
  assert.equal((await show(having(...old))).json.job_id, "newest-0");
  const two = await show(having(named("living-0"), named("living-1")));
  assert.equal(two.code, 2);
  assert.match(two.err, /2 jobs are called "box".\n {2}Name one by its id: living-0, living-1/);
  const none = await show(having(...old), "boxes");
  assert.equal(none.code, 5);
  assert.match(none.err, /Job box not found/, "the service's words");
});

const EXPLAINED = {
  job_id: JOB.job_id,
  status: "active",
  reason: { code: "unreachable", sentence: "Unreachable: its node does not answer." },
  remedies: ["Wait for it."],
  position: null,
  start: null,
};

test("without an id: the only live job, or a question which", async (t) => {
  const home = await temporaryHome(t);
  const having =
    (...jobs: object[]): Played =>
    ({ path }) => ({
      body: path.endsWith("/explain") ? EXPLAINED : { jobs, next_cursor: null },
    });
  const one = await gpuDev(["explain"], { home, env: KEY, api: having(JOB) });
  assert.match(
    one.out,
    /^Job 3f2a91bc \(2 × h100\) is active\.\nUnreachable: its node does not answer\.\n- Wait for it\.\n/,
  );
  const none = await gpuDev(["explain"], { home, env: KEY, api: having() });
  assert.equal(none.code, 5);
  const two = await gpuDev(["explain"], {
    home,
    env: KEY,
    api: having(JOB, { ...JOB, job_id: "other-job", name: "b" }),
  });
  assert.equal(two.code, 2);
  assert.match(two.err, /3f2a91bc \(demo\), other-jo \(b\)/);
});

test("cancel asks a person, and a program not without --yes", async (t) => {
  const home = await temporaryHome(t);
  const asked: Exchange[] = [];
  const transport = playing(
    ({ method }) =>
      method === "POST"
        ? { body: { job_id: JOB.job_id, action: "cancel", status: "requested", message: "m" } }
        : { body: { jobs: [JOB], next_cursor: null } },
    asked,
  );
  const cancels = () => asked.filter(({ path }) => path.endsWith("/cancel")).length;
  const run = (words: string, answers?: string) =>
    gpuDev(words.split(" "), {
      home,
      env: KEY,
      transport,
      ...(answers !== undefined && { answers, columns: 80 }),
    });
  assert.equal((await run("cancel")).code, 2);
  assert.equal((await run("cancel --all")).code, 2);
  const no = await run("cancel --all", "n");
  assert.equal(no.code, 1, no.err);
  assert.equal(cancels(), 0);
  for (const [key, code] of [
    ["\x03", 130],
    ["\x04", 1],
  ] as const) {
    const left = await run("cancel --all", key);
    assert.equal(left.code, code, left.err);
    assert.doesNotMatch(left.err, /fault/);
  }
  assert.equal(cancels(), 0, "Ctrl-C and Ctrl-D are no yes");
  assert.equal((await run("cancel", "y")).code, 0);
  assert.equal(cancels(), 1);
  assert.equal((await run("cancel --all --yes")).code, 0);
  assert.equal((await run("cancel -f")).code, 0);
  assert.equal(cancels(), 3);
});

test("cancel goes on where one is refused, and tells of each; what ended by itself is no fault of --all", async (t) => {
  const home = await temporaryHome(t);
  const ids = ["aaaa0001", "bbbb0002", "cccc0003"];
  const jobs = ids.map((job_id) => ({ ...JOB, job_id }));
  /** @param refusal of the second one. */
  const run = (words: string, refusal: { status: number; body: object }) => {
    const api: Played = ({ method, path }) => {
      const job_id = ids.find((id) => path.includes(id));
      if (method !== "POST") return { body: job_id ? { ...JOB, job_id } : { jobs } };
      return job_id === "bbbb0002" ? refusal : { body: { job_id } };
    };
    return gpuDev(words.split(" "), { home, env: KEY, api, clock: quickClock() });
  };
  const detail = "Job bbbb0002 is completed already.";
  const over = { status: 409, body: { code: "job_ended", detail } };
  const some = await run("cancel aaaa0001 bbbb0002 cccc0003", over);
  assert.equal(some.code, 1);
  assert.match(
    some.err,
    /aaaa0001 .* being .*\n.*bbbb0002 is not cancelled: .*already\.\n.*cccc0003 .* being /,
  );
  assert.match(some.err, /\nerror: 1 of 3 jobs are not cancelled\.\n$/);
  const cancelled = [{ job_id: "aaaa0001" }, { job_id: "cccc0003" }];
  const refused = [{ job_id: "bbbb0002", code: "job_ended", detail }];
  const json = await run("cancel aaaa0001 bbbb0002 cccc0003 --json", over);
  assert.deepEqual([json.code, json.json], [1, { cancelled, refused }]);
  const all = await run("cancel --all --yes --json", over);
  assert.deepEqual([all.code, all.json], [0, { cancelled, refused: [] }]);
  const away = { status: 503, body: { code: "database_unavailable", detail: "Away." } };
  const stopped = await run("cancel --all --yes --json", away);
  assert.deepEqual(
    [stopped.code, stopped.json],
    [1, { cancelled: cancelled.slice(0, 1), refused: [] }],
  );
  const one = await run("cancel bbbb0002", over);
  assert.deepEqual([one.code, one.err], [1, `error: ${detail}\n  request request-1\n`]);
});

test("extend tells the new end, and the service's reason where there is none", async (t) => {
  const home = await temporaryHome(t);
  const later = { expires_at: "2026-01-15T17:00:00Z", duration_hours: 6 };
  const done = await gpuDev(["extend", "3f2a91bc", "2"], {
    home,
    env: KEY,
    api: serving([{}, {}, {}, later]),
    clock: quickClock(),
  });
  assert.equal(done.code, 0, done.err);
  assert.match(done.err, /has 2 h more: it ends at .*, in 5 h/);
  const refused = { extension_error: "A job may run 72 hours." };
  const not = await gpuDev(["edit", "3f2a91bc", "--extend", "2"], {
    home,
    env: KEY,
    api: serving([{}, {}, refused]),
    clock: quickClock(),
  });
  assert.equal(not.code, 1);
  assert.match(not.err, /is not extended: A job may run 72 hours/);
});

test("Ctrl-C says what may be done all the same, and what goes on", async (t) => {
  const home = await temporaryHome(t);
  /** @param at it is pressed while this is asked for, the so many-th time. */
  const interruptedAt = (at: RegExp, time: number, ...words: string[]) => {
    let times = 0;
    const interrupted = new AbortController();
    const { signal } = interrupted;
    const play = playing(serving([{}]));
    const transport: Transport = async (exchange) => {
      if (at.test(`${exchange.method} ${exchange.path}`) && ++times === time) interrupted.abort();
      signal.throwIfAborted();
      return await play(exchange);
    };
    return gpuDev(words, { home, env: KEY, transport, signal, clock: quickClock() });
  };
  const unanswered = "The service has not answered: it may be done all the same.";
  const goesOn = "Not waiting any more; what was asked for goes on. gpu-dev show 3f2a91bc";
  const submit = ["submit", "--instance", "p5.48xlarge"];
  for (const [at, time, words, says] of [
    [/POST .*submit/, 1, submit, `${unanswered} gpu-dev list\n`],
    [/POST .*plan/, 1, [...submit, "--dry-run"], ""],
    [/DELETE/, 1, ["keys", "revoke", "gpud_abcdefgh"], `${unanswered} gpu-dev keys list\n`],
    [/GET/, 1, ["keys", "list"], ""],
    [/GET/, 2, ["extend", "3f2a91bc", "2"], `${goesOn}\n`],
  ] as const) {
    const { code, out, err } = await interruptedAt(at, time, ...words);
    assert.deepEqual([code, out, err], [130, "", says], words.join(" "));
  }
});

test("edit tells what came of Jupyter and of other users, also the same refusal a second time", async (t) => {
  const home = await temporaryHome(t);
  const edit = (words: string, ...states: object[]) =>
    gpuDev(["edit", "3f2a91bc", ...words.split(" ")], {
      home,
      env: KEY,
      api: serving(states),
      clock: quickClock(),
    });
  const on = { jupyter_enabled: true, jupyter_url: "http://localhost:8888/lab?token=secret" };
  const enabled = await edit("--enable-jupyter", {}, {}, on);
  assert.equal(enabled.code, 0, enabled.err);
  assert.match(enabled.err, /Jupyter of job 3f2a91bc is on/);
  assert.doesNotMatch(enabled.err, /secret/);
  const broken = { jupyter_error: "It has no jupyter." };
  for (const states of [
    [{}, {}, broken],
    [broken, broken],
  ]) {
    const { code, err } = await edit("--enable-jupyter", ...states);
    assert.equal(code, 1);
    assert.match(err, /is not on: It has no jupyter/);
  }
  const added = await edit("--add-user octocat", {}, {}, { secondary_users: ["octocat"] });
  assert.match(added.err, /octocat may log in/);
  const nobody = await edit("--add-user octocat", {}, { add_user_error: "There is no such user." });
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /octocat is not let into job 3f2a91bc: There is no such user/);
});

test("what opens Jupyter is in no --json", async (t) => {
  const home = await temporaryHome(t);
  const job = {
    ...JOB,
    jupyter_enabled: true,
    jupyter_token: "very-secret",
    jupyter_url: "http://n:1/lab?token=very-secret",
  };
  const api: Played = ({ path }) => ({
    body: path.startsWith("/v1/jobs?") ? { jobs: [job], next_cursor: null } : job,
  });
  for (const words of ["show 3f2a91bc --json", "list --json", "show 3f2a91bc", "list"]) {
    const { code, out, err } = await gpuDev(words.split(" "), { home, env: KEY, api });
    assert.equal(code, 0, err);
    assert.doesNotMatch(out + err, /very-secret/, words);
  }
  assert.equal(
    (await gpuDev(["show", "3f2a91bc", "--json"], { home, env: KEY, api })).json.jupyter_url,
    "http://n:1/lab",
  );
});

test("--watch waits for a service that is away, however it says so", async (t) => {
  const home = await temporaryHome(t);
  const interrupted = new AbortController();
  // each is asked three times
  const away = [503, 429].flatMap((status) => [status, status, status]);
  const api: Played = () => {
    const status = away.shift();
    if (status !== undefined) return { status, body: { detail: "Not now." } };
    interrupted.abort();
    return { body: { availability: { h100: GPU_TYPE } } };
  };
  const { code, err } = await gpuDev(["avail", "--watch"], {
    ...{ home, env: KEY, api, signal: interrupted.signal },
    clock: quickClock(),
  });
  assert.equal(code, 130, err);
  assert.equal(err, "Not now. Trying again.\n");
});

test("list --watch --json: a line for each change of a job, the last one of it with final", async (t) => {
  const home = await temporaryHome(t);
  const interrupted = new AbortController();
  const states = ["queued", "queued", "active", "completed", "completed"];
  let looks = 0;
  const api: Played = () => {
    // each look asks twice: for live jobs and for those of a day
    const status = states[Math.floor(looks++ / 2)];
    if (status === undefined) interrupted.abort();
    return { body: { jobs: [{ ...JOB, status: status ?? "completed" }], next_cursor: null } };
  };
  const ran = await gpuDev(["list", "--watch", "--json"], {
    home,
    env: KEY,
    api,
    signal: interrupted.signal,
    clock: quickClock(),
  });
  assert.equal(ran.code, 130, ran.err);
  const lines = ran.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ status, final }) => [status, final]),
    [
      ["queued", undefined],
      ["active", undefined],
      ["completed", true],
    ],
  );
});

test("a table fits the terminal, and no text of others gets through it", async (t) => {
  const home = await temporaryHome(t);
  const jobs = [
    {
      ...JOB,
      name: `evil\x1b[2J\u202e${"n".repeat(90)}`,
      status: "queued",
      current_detailed_status: "w".repeat(200),
    },
  ];
  const api: Played = () => ({ body: { jobs, next_cursor: null } });
  for (const columns of [40, 80, 120]) {
    const { out } = await gpuDev(["list"], { home, env: { ...KEY, NO_COLOR: "1" }, api, columns });
    for (const line of out.split("\n")) assert.ok(line.length <= columns, `${columns}: ${line}`);
    assert.ok(!out.includes("\x1b") && !out.includes("\u202e"), JSON.stringify(out));
    assert.match(out, /queued/);
  }
  const coloured = await gpuDev(["list"], { home, env: KEY, api, columns: 80 });
  assert.ok(coloured.out.includes("\x1b[33mqueued\x1b[39m"), coloured.out);
});

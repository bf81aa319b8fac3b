/** Logging in: what is sent, what is kept, and that it is done once when it is needed. */
import assert from "node:assert/strict";
import { once } from "node:events";
import fsPromises, { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { Exchange } from "../src/api/transport.ts";
import { CliError } from "../src/cli-error.ts";
import {
  AWS_KEYS,
  GPU_TYPE,
  gpuDev,
  JOB,
  LOGGED_IN,
  nobody,
  type Played,
  playing,
  quickClock,
  temporaryHome,
  URL_OF_API,
  withLogin,
} from "./harness.ts";

const NOW = "2026-01-15T12:00:00Z";
const page = { jobs: [JOB], total: 1, limit: 200, offset: 0, next_cursor: null };
const jobs: Played = () => ({ body: page });
const refusal = (status: number, code: string, detail = "No.") => ({
  status,
  body: { code, detail },
});

const cachePath = (home: string) => join(home, ".gpu-dev/credentials");
const readCache = async (home: string) => JSON.parse(await readFile(cachePath(home), "utf8"));

async function keep(home: string, key: object | string): Promise<void> {
  await mkdir(join(home, ".gpu-dev"), { recursive: true, mode: 0o700 });
  const text = typeof key === "string" ? key : JSON.stringify(key);
  await writeFile(cachePath(home), text, { mode: 0o600 });
}
const cached = (expires_at = "2026-01-15T14:00:00Z", letter = "o") => ({
  api_key: `gpud_${letter.repeat(49)}`,
  expires_at,
  api_url: `${URL_OF_API}/`,
});

test("a login sends a signature and no secret, and keeps the key for nobody else to read", async (t) => {
  const home = await temporaryHome(t);
  await mkdir(join(home, ".gpu-dev"), { mode: 0o755 });
  const asked: Exchange[] = [];
  const transport = playing(withLogin(jobs), asked);
  const { code, out, err } = await gpuDev(["login"], { home, transport, clock: quickClock() });
  assert.equal(code, 0, err);
  assert.equal(out, "");
  assert.match(err, /Logged in as alice, arn:aws:sts::111122223333:assumed-role/);
  assert.deepEqual(
    asked.map(({ path }) => path),
    ["/v1/auth/challenge", "/v1/auth/aws-login"],
  );
  const sent = JSON.stringify(asked);
  assert.ok(!sent.includes(AWS_KEYS.secretAccessKey), "the secret key was sent");
  const body = asked[1]?.body as Record<string, string>;
  assert.deepEqual(Object.keys(body).sort(), [
    ...["access_key_id", "challenge", "date", "region", "session_token", "signature"],
  ]);
  assert.equal(body.region, "us-east-1");
  assert.equal((await stat(cachePath(home))).mode & 0o777, 0o600);
  assert.equal((await stat(join(home, ".gpu-dev"))).mode & 0o777, 0o700);
  const kept = await readCache(home);
  assert.equal(kept.api_key, LOGGED_IN.api_key);
  assert.equal(kept.expires_at, LOGGED_IN.expires_at);
  assert.deepEqual(await readdir(join(home, ".gpu-dev")), ["credentials"], "drafts and locks go");
  assert.ok(!(out + err).includes(LOGGED_IN.api_key), "the key was shown");
});

test("--json of login, whoami and keys tells of keys by their beginnings alone", async (t) => {
  const home = await temporaryHome(t);
  const api = withLogin(({ path }) => {
    const { key_prefix, expires_at } = LOGGED_IN;
    const key = {
      key_prefix,
      description: null,
      created_at: NOW,
      expires_at,
      last_used_at: null,
      current: true,
    };
    if (path === "/v1/keys") return { body: { keys: [key], total: 1 } };
    if (path === "/v1/keys/rotate")
      return { body: { ...LOGGED_IN, api_key: `gpud_${"r".repeat(49)}` } };
    return { body: { key_prefix, status: "revoked" } };
  });
  const all = { home, api, clock: quickClock() };
  for (const words of [
    "login --json",
    "whoami --json",
    "keys list --json",
    "keys rotate --json",
    "keys revoke gpud_kkkkkkkk --json",
  ]) {
    const { code, out, err } = await gpuDev(words.split(" "), all);
    assert.equal(code, 0, err);
    assert.doesNotMatch(out + err, /gpud_\w{9}/, words);
    JSON.parse(out);
  }
  assert.equal((await readCache(home)).api_key, `gpud_${"r".repeat(49)}`, "the new key is used");
});

test("a key of the cache is used, one that ends within five minutes is renewed, one of another service is not sent", async (t) => {
  const home = await temporaryHome(t);
  const cases = [
    { key: cached(), logins: 0 },
    { key: { api_key: cached().api_key, expires_at: cached().expires_at }, logins: 0 },
    { key: cached("2026-01-15T12:04:00Z"), logins: 1 },
    { key: cached("2026-01-15T11:00:00Z"), logins: 1 },
    { key: { ...cached(), api_url: "https://other.example.com/" }, logins: 1 },
    { key: "{", logins: 1 },
    { key: "[]", logins: 1 },
    { key: { ...cached(), api_key: "line\nbreak-line-break" }, logins: 1 },
    { key: { ...cached(), expires_at: "soon" }, logins: 1 },
  ];
  for (const { key, logins } of cases) {
    await keep(home, key);
    const asked: Exchange[] = [];
    const transport = playing(withLogin(jobs), asked);
    const { code, err } = await gpuDev(["list"], { home, transport, clock: quickClock() });
    assert.equal(code, 0, err);
    const made = asked.filter(({ path }) => path === "/v1/auth/aws-login").length;
    assert.equal(made, logins, JSON.stringify(key));
    const sent = new Set(asked.flatMap(({ headers }) => headers?.authorization ?? []));
    const wanted = logins === 0 ? cached().api_key : LOGGED_IN.api_key;
    assert.deepEqual([...sent], [`Bearer ${wanted}`]);
  }
});

test("a key that nobody can renew is used to its end", async (t) => {
  const home = await temporaryHome(t);
  const findAwsKeys = async () => {
    throw new CliError(4, "There are no AWS credentials.");
  };
  const all = { home, api: withLogin(jobs), clock: quickClock(), findAwsKeys };
  await keep(home, cached("2026-01-15T12:03:00Z"));
  assert.equal((await gpuDev(["list"], all)).code, 0);
  await keep(home, cached("2026-01-15T11:59:00Z"));
  const { code, err } = await gpuDev(["list"], { ...all, clock: quickClock() });
  assert.equal(code, 4);
  assert.match(err, /no AWS credentials/);
});

for (const [status, code] of [
  [403, "api_key_expired"],
  [401, "api_key_unknown"],
] as const) {
  test(`a key refused with ${status} in the middle of a change: one login, the same Idempotency-Key, one job`, async (t) => {
    const home = await temporaryHome(t);
    await keep(home, cached());
    const asked: Exchange[] = [];
    const transport = playing(
      withLogin(({ path, headers }) => {
        if (headers?.authorization !== `Bearer ${LOGGED_IN.api_key}`) return refusal(status, code);
        if (path === "/v1/gpu/availability") return { body: { availability: {} } };
        return { body: { job_id: JOB.job_id, status: "queued", message: "Done." } };
      }),
      asked,
    );
    const ran = await gpuDev(["cancel", JOB.job_id, "--json"], {
      home,
      transport,
      clock: quickClock(),
    });
    assert.equal(ran.code, 0, ran.err);
    assert.equal(ran.err.match(/logging in again/g)?.length, 1);
    const submit = await gpuDev(["submit", "--instance", "p5.48xlarge"], {
      home,
      transport,
      clock: quickClock(),
    });
    assert.equal(submit.code, 0, submit.err);
    assert.equal(submit.out, `${JOB.job_id}\n`);
    assert.equal(asked.filter(({ path }) => path === "/v1/auth/aws-login").length, 1);
  });
}

test("a change that is refused for its key is sent again under its own Idempotency-Key", async (t) => {
  const home = await temporaryHome(t);
  await keep(home, cached());
  const asked: Exchange[] = [];
  let refusals = 0;
  const transport = playing(
    withLogin(({ method }) => {
      if (method === "POST" && refusals++ === 0) return refusal(403, "api_key_expired");
      return { body: { operation_id: "1", disk_name: "data", message: "Asked for." } };
    }),
    asked,
  );
  const { code, err } = await gpuDev(["disk", "create", "data", "--no-wait"], {
    home,
    transport,
    clock: quickClock(),
  });
  assert.equal(code, 0, err);
  const names = asked.flatMap(({ path, headers }) =>
    path === "/v1/disks" ? headers?.["idempotency-key"] : [],
  );
  assert.equal(names.length, 2);
  assert.match(names[0] ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(names[0], names[1]);
});

test("a key that expires while reserve waits: one login, one job, and it waits on", async (t) => {
  const home = await temporaryHome(t);
  await keep(home, cached());
  const asked: Exchange[] = [];
  const states = ["queued", "queued", "active"].values();
  const transport = playing(
    withLogin(({ method, path, headers }) => {
      if (path === "/v1/gpu/availability") return { body: { availability: { h100: GPU_TYPE } } };
      if (method === "POST") {
        return { body: { job_id: JOB.job_id, status: "queued", message: "Submitted." } };
      }
      const isOld = headers?.authorization?.includes("ooo");
      const looks = asked.filter((one) => one.path === path && one.method === "GET").length;
      if (isOld && looks > 1) return refusal(403, "api_key_expired");
      return { body: { ...JOB, status: states.next().value } };
    }),
    asked,
  );
  const { code, out, err } = await gpuDev(["reserve"], { home, transport, clock: quickClock() });
  assert.equal(code, 0, err);
  assert.equal(out, `${JOB.job_id}\n`);
  assert.match(err, /queued\n.*not accepted any more: logging in again.*yours until/s);
  const count = (wanted: string) => asked.filter(({ path }) => path === wanted).length;
  assert.deepEqual([count("/v1/auth/aws-login"), count("/v1/jobs/submit")], [1, 1]);
  assert.equal((await readCache(home)).api_key, LOGGED_IN.api_key);
});

test("a refused login ends with 4, the server's sentence and what to do; a disabled user logs in no second time", async (t) => {
  const home = await temporaryHome(t);
  const refuse =
    (status: number, code: string, detail: string): Played =>
    (exchange) =>
      exchange.path === "/v1/auth/aws-login"
        ? refusal(status, code, detail)
        : withLogin(jobs)(exchange);
  const cases: readonly (readonly [Played, RegExp])[] = [
    [
      refuse(401, "unauthenticated", "AWS signature verification failed"),
      /server id airlock-dev.*config set server_id/s,
    ],
    [
      refuse(401, "unauthenticated", "The signature's time is too far from ours; check the clock."),
      /gpu-dev doctor/,
    ],
    [refuse(401, "unauthenticated", "AWS authentication failed: ExpiredToken"), /have expired/],
    [
      refuse(403, "wrong_principal", "Access denied. Required role: R, got: other"),
      /Required role: R.*environment/,
    ],
  ];
  for (const [api, says] of cases) {
    const { code, err } = await gpuDev(["list"], { home, api, clock: quickClock() });
    assert.equal(code, 4, err);
    assert.match(err, says);
    assert.match(err, /request request-1/);
  }
  await keep(home, cached());
  const asked: Exchange[] = [];
  const transport = playing(
    () => refusal(403, "api_key_disabled", "The user of this API key is disabled."),
    asked,
  );
  const { code, err } = await gpuDev(["list"], { home, transport, clock: quickClock() });
  assert.equal(code, 4);
  assert.match(err, /is disabled.*Whoever runs the service/s);
  assert.ok(asked.every(({ path }) => path.startsWith("/v1/jobs")));
});

test("GPU_DEV_API_KEY is used as it is: no login, and refused it is named", async (t) => {
  const home = await temporaryHome(t);
  const env = { GPU_DEV_API_KEY: "given-given-given-given" };
  const asked: Exchange[] = [];
  const transport = playing(withLogin(jobs), asked);
  assert.equal((await gpuDev(["list"], { home, env, transport, clock: quickClock() })).code, 0);
  assert.deepEqual(
    [...new Set(asked.map(({ headers }) => headers?.authorization))],
    ["Bearer given-given-given-given"],
  );
  const api = () => refusal(403, "api_key_expired");
  const { code, err } = await gpuDev(["list"], { home, env, api, clock: quickClock() });
  assert.equal(code, 4);
  assert.match(err, /GPU_DEV_API_KEY is refused \(api_key_expired\)/);
  assert.deepEqual(await readdir(home), [], "nothing is kept");
});

test("commands that need a login at once make one", async (t) => {
  const home = await temporaryHome(t);
  let logins = 0;
  const api = withLogin(jobs, () => `gpud_${String(logins++).padStart(49, "k")}`);
  const many = Array.from({ length: 8 }, () =>
    gpuDev(["list"], {
      home,
      api,
      clock: {
        now: () => Date.parse(NOW),
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      },
    }),
  );
  for (const { code, err } of await Promise.all(many)) assert.equal(code, 0, err);
  assert.equal(logins, 1);
  assert.deepEqual(await readdir(join(home, ".gpu-dev")), ["credentials"]);
});

test("a lock that a process has left behind keeps nobody out", async (t) => {
  const home = await temporaryHome(t);
  await mkdir(join(home, ".gpu-dev"), { mode: 0o700 });
  const { hostname } = await import("node:os");
  for (const left of [`${hostname()} 999999999 x`, "another-host 1 x", "nonsense"]) {
    await writeFile(`${cachePath(home)}.lock`, left);
    const { code, err } = await gpuDev(["login"], {
      home,
      api: withLogin(jobs),
      clock: quickClock(Date.now()),
    });
    assert.equal(code, 0, err);
    assert.deepEqual(await readdir(join(home, ".gpu-dev")), ["credentials"]);
  }
});

test("whoever waits for the lock of another is told so once, and need not wait: Ctrl-C ends it", async (t) => {
  const home = await temporaryHome(t);
  await mkdir(join(home, ".gpu-dev"), { mode: 0o700 });
  await writeFile(`${cachePath(home)}.lock`, "another-host 1 x");
  const interrupted = new AbortController();
  const asked: Exchange[] = [];
  const clock = quickClock(Date.now());
  const began = clock.now();
  const { code, err } = await gpuDev(["list"], {
    home,
    transport: playing(withLogin(jobs), asked),
    signal: interrupted.signal,
    clock: {
      now: clock.now,
      sleep(ms, signal) {
        if (clock.now() - began > 3000) interrupted.abort();
        return clock.sleep(ms, signal);
      },
    },
  });
  assert.equal(code, 130, err);
  assert.equal(
    err,
    `Waiting for another gpu-dev to log in. If there is none, remove ${cachePath(home)}.lock\n`,
  );
  assert.deepEqual(asked, []);
  assert.equal(await readFile(`${cachePath(home)}.lock`, "utf8"), "another-host 1 x");
});

test("logout ends the key here and at the service, also when that does not answer", async (t) => {
  const home = await temporaryHome(t);
  await keep(home, cached());
  const asked: Exchange[] = [];
  const transport = playing(
    () => ({ body: { key_prefix: "gpud_oooooooo", status: "revoked" } }),
    asked,
  );
  const { code, err } = await gpuDev(["logout"], { home, transport });
  assert.equal(code, 0, err);
  assert.deepEqual(
    asked.map(({ method, path }) => [method, path]),
    [["DELETE", "/v1/keys/gpud_oooooooo"]],
  );
  await assert.rejects(stat(cachePath(home)));
  assert.match((await gpuDev(["logout"], { home, transport })).err, /no key on this machine/);
  const url = await nobody();
  await keep(home, { ...cached(), api_url: `${url}/` });
  const down = await gpuDev(["logout"], { home, env: { GPU_DEV_API_URL: url } });
  assert.equal(down.code, 0);
  assert.match(down.err, /removed here, but not ended at the service: .*refused/);
  await assert.rejects(stat(cachePath(home)));
});

test("logout ends a key at its own address, whichever is configured, or none", async (t) => {
  const home = await temporaryHome(t);
  const ended: string[] = [];
  const server = createServer(({ method, url, headers }, response) => {
    ended.push(`${method} ${url} ${headers.authorization}`);
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const GPU_DEV_API_URL of ["https://other.example.com", ""]) {
    await keep(home, { ...cached(), api_url: `http://127.0.0.1:${port}/` });
    const { code, err } = await gpuDev(["logout"], { home, env: { GPU_DEV_API_URL } });
    assert.equal(code, 0, err);
    assert.match(err, /the key has ended/);
    await assert.rejects(stat(cachePath(home)));
  }
  const one = `DELETE /v1/keys/gpud_oooooooo Bearer ${cached().api_key}`;
  assert.deepEqual(ended, [one, one]);
});

test("a home that cannot be written to: commands work and say so, a login says why it is not kept", async (t) => {
  const home = await temporaryHome(t);
  // a file where the folder would be: the one state that stops root as well
  await writeFile(join(home, ".gpu-dev"), "");
  const all = { home, api: withLogin(jobs), clock: quickClock() };
  const list = await gpuDev(["list"], all);
  assert.equal(list.code, 1);
  assert.match(list.err, /\.gpu-dev.*(no folder|cannot be)/);
  const login = await gpuDev(["login"], all);
  assert.equal(login.code, 1);
  assert.match(login.err, /\.gpu-dev/);
  for (const HOME of ["", "relative"]) {
    await assert.rejects(
      gpuDev(["list"], { ...all, env: { HOME } }),
      /HOME (is not set|is no absolute path)/,
    );
  }
  await chmod(home, 0o700);
});

test("where HOME is not set, the home that this machine has for the user is taken", async (t) => {
  const listedHome = await temporaryHome(t);
  const all = { home: "", listedHome, api: withLogin(jobs), clock: quickClock() };
  const { code, err } = await gpuDev(["list"], all);
  assert.equal(code, 0, err);
  assert.equal((await readCache(listedHome)).api_key, LOGGED_IN.api_key);
});

for (const [code, why] of [
  ["ENOSPC", /the disk is full/],
  ["EROFS", /the file system is read-only/],
] as const) {
  test(`where nothing can be written (${code}) commands work, and say why the key is not kept; a login ends with 1`, async (t) => {
    const home = await temporaryHome(t);
    const fail = async () => {
      throw Object.assign(new Error(code), { code });
    };
    const { open } = fsPromises;
    t.mock.method(fsPromises, "open", async (...asked: Parameters<typeof open>) =>
      asked[1] === "wx" ? await fail() : await open(...asked),
    );
    t.mock.method(fsPromises, "writeFile", fail);
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const all = { home, api: withLogin(jobs), clock: quickClock() };
    const list = await gpuDev(["list"], all);
    assert.equal(list.code, 0, list.err);
    assert.match(list.out, /3f2a91bc/);
    assert.match(list.err, /The key of this login is not kept: \S+credentials cannot be written/);
    assert.match(list.err, why);
    const login = await gpuDev(["login"], all);
    assert.equal(login.code, 1);
    assert.match(login.err, why);
    const set = await gpuDev(["config", "set", "region", "eu-west-1"], all);
    assert.equal(set.code, 1);
    assert.match(set.err, why);
    assert.deepEqual(await readdir(join(home, ".gpu-dev")), [], "no half of a file is left");
  });
}

test("secrets that others can read are closed to them at their next use, which says so once", async (t) => {
  const home = await temporaryHome(t);
  const all = { home, api: withLogin(jobs), clock: quickClock() };
  await keep(home, cached());
  const privateKey = join(home, ".gpu-dev/id_ed25519");
  await writeFile(privateKey, "k");
  const modes = () =>
    Promise.all(
      [join(home, ".gpu-dev"), cachePath(home), privateKey].map(
        async (path) => (await stat(path)).mode & 0o777,
      ),
    );
  const told = /Others could read or replace \S+\/credentials; it is yours alone now\.\n/g;
  for (const [folder, file, words] of [
    [0o777, 0o600, ["list"]],
    [0o700, 0o644, ["list"]],
    [0o777, 0o666, ["doctor"]],
  ] as const) {
    await chmod(join(home, ".gpu-dev"), folder);
    await chmod(cachePath(home), file);
    await chmod(privateKey, words[0] === "doctor" ? 0o644 : 0o600);
    const { err } = await gpuDev(words, all);
    assert.equal(err.match(told)?.length, 1, err);
    assert.equal(err.includes("id_ed25519"), words[0] === "doctor", err);
    assert.deepEqual(await modes(), [0o700, 0o600, 0o600]);
  }
  assert.equal((await gpuDev(["list"], all)).err, "");
  // who may look into the folder alone has seen no secret
  await chmod(join(home, ".gpu-dev"), 0o755);
  assert.equal((await gpuDev(["list"], all)).err, "");
});

test("--raw sends credentials to this machine alone", async (t) => {
  const home = await temporaryHome(t);
  const asked: Exchange[] = [];
  const transport = playing(withLogin(jobs), asked);
  const ran = await gpuDev(["login", "--raw"], { home, transport, clock: quickClock() });
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(
    asked.map(({ path }) => path),
    ["/v1/auth/aws-login"],
  );
  for (const url of ["https://jobs.example.com", "http://jobs.example.com"]) {
    const { code, err } = await gpuDev(["login", "--raw"], {
      home,
      transport,
      env: { GPU_DEV_API_URL: url },
    });
    assert.equal(code, 2, err);
  }
  assert.equal(asked.length, 1);
});

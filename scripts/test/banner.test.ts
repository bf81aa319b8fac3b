/** What a run prints once it is ready fits its settings, and a small terminal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { banner } from "../src/start/banner.ts";
import { hasStandIn, readOptions, type StartOptions } from "../src/start/options.ts";
import { planProcesses } from "../src/start/plan.ts";
import { readPorts } from "../src/start/ports.ts";

const COLUMNS = 80;
/** Before the banner: the script's own line, one a process, two of the run's. */
const ROWS_BEFORE = 2 + 6 + 2;
const ROWS = 40;

function bannerOf(args: readonly string[], shell: Record<string, string> = {}): string {
  const options = readOptions(args) as StartOptions;
  const ports = readPorts(shell);
  const cluster = {
    issuer: "http://localhost:40001",
    issuerSettings: {},
    subjects: {
      aux: "system:serviceaccount:gateway:gateway",
      jobs: "system:serviceaccount:gateway:gateway",
      processor: "system:serviceaccount:jobs:jobs",
    },
    tokenFiles: { aux: "/aux", jobs: "/jobs", processor: "/processor" },
    webIdentityTokenFile: "/sts",
    close: async () => {},
  };
  const ground = { ports, shell, ...(options.layerAuth && { cluster }) };
  const settings = Object.fromEntries(
    planProcesses(options, ground).map(({ name, env }) => [name, env]),
  );
  return banner({
    tookMs: 3210,
    options,
    ports,
    settings,
    shell,
    down: [],
    cluster: options.layerAuth ? cluster : undefined,
    kubeconfig: settings.processor && "/home/alice/airlock/.airlock/kubeconfig.yaml",
    database: settings.jobs && { urlFile: "/home/alice/airlock/.airlock/database-url" },
    sessions: hasStandIn(options) ? { user: "/home/alice/airlock/.airlock/session.sh" } : undefined,
  });
}

test("the table and what to try fit 80 columns by 40 rows, on ports of five digits too", () => {
  for (const shell of [{}, { PORT_OFFSET: "20000" }]) {
    const lines = bannerOf(["--watch"], shell).split("\n");
    const rows = lines.map((line) => Math.max(1, Math.ceil(line.length / COLUMNS)));
    const all = rows.reduce((sum, row) => sum + row, ROWS_BEFORE);
    assert.ok(all < ROWS, `${all} rows:\n${lines.join("\n")}`);
    const table = lines.filter((line) =>
      /^ {2}(gateway|aux|jobs|processor|postgres|local-aws|kubernetes)/.test(line),
    );
    assert.equal(table.length, 7);
    for (const line of table) assert.ok(line.length <= COLUMNS, line);
  }
});

test("one service alone is tried by itself, not by those that are not there", () => {
  for (const only of ["aux", "processor", "gateway"]) {
    const text = bannerOf([`--only=${only}`]);
    const [, origin = ""] = new RegExp(`^ +${only} +(http://[^/ ]+)`, "m").exec(text) ?? [];
    const tried = [...text.matchAll(/^ {2}curl \S*?(http:\/\/[^/ ]+)/gm)].map(([, to]) => to);
    assert.deepEqual([...new Set(tried)], [origin], text);
  }
});

test("callers with tokens: the curls send one, and the issuer is named", () => {
  const text = bannerOf(["--only=pair"], {
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: "https://issuer.example.com",
  });
  assert.match(text, /^Try, with a token of https:\/\/issuer\.example\.com in TOKEN:$/m);
  assert.match(text, /^ {2}curl -H "authorization: Bearer \$TOKEN" \S+\/config\/\//m);
  assert.match(text, /^ {2}curl http:\/\/localhost:8080\/health$/m);
});

test("callers with keys: the curls send that of the login", () => {
  const text = bannerOf([], { GATEWAY_AUTH: " API-KEY" });
  assert.match(text, /^Try, with the KEY of below:$/m);
  assert.match(text, /^ {2}curl -H "authorization: Bearer \$KEY" \S+\/storage\//m);
  assert.match(text, /^ {2}KEY=\$\(grep -o \S+ ~\/\.gpu-dev\/credentials\)$/m);
  assert.doesNotMatch(bannerOf([]), /^ +KEY=/m);
});

test("no link leads to documents that are off or locked", () => {
  assert.doesNotMatch(bannerOf([], { DOCS: "off" }), /docs/);
  const locked = bannerOf(["--layer-auth"]);
  assert.match(locked, /gateway +\S+:8080\/docs/);
  assert.doesNotMatch(locked, /(aux|jobs) +\S+\/docs/);
  assert.match(locked, /^ {2}aux, jobs, processor: 401 to all but the service before$/m);
  assert.match(bannerOf([], { LAYER_AUTH_MODE: "Enforce" }), /aux, jobs, processor: 401/);
});

test("a curl names a host that is served", () => {
  const text = bannerOf([], { ALLOWED_HOSTS: "*.example.com" });
  assert.match(text, /^ {2}curl -H 'host: any\.example\.com' http:\/\/localhost:8080\/health$/m);
  assert.match(text, /a browser is answered 421/);
  assert.match(text, /^For gpu-dev, name localhost in ALLOWED_HOSTS/m);
  assert.doesNotMatch(text, /pnpm@12 gpu-dev/);
  assert.doesNotMatch(bannerOf([], { ALLOWED_HOSTS: "example.com,localhost:8080" }), /'host:/);
});

for (const [shell, why] of [
  [{ ALLOWED_AWS_ROLE: "Other" }, /^To log in, a session of Other in 111122223333 is needed/m],
  [{ ALLOWED_AWS_ACCOUNTS: "444455556666" }, /^To log in, a session of \w+ in 444455556666/m],
] as const) {
  test(`a login that ${Object.keys(shell)} would refuse is not printed`, () => {
    const text = bannerOf([], shell);
    assert.match(text, why);
    assert.doesNotMatch(text, /gpu-dev |export/);
  });
}

test("a login is for the name that this installation has", () => {
  const text = bannerOf([], { LOGIN_SERVER_ID: "jobs.example.com" });
  assert.match(text, /^ {2}npx --yes pnpm@12 gpu-dev login --server-id jobs\.example\.com$/m);
  assert.doesNotMatch(bannerOf([]), /gpu-dev login/);
});

test("each part of the whole has its own to try", () => {
  assert.match(bannerOf(["--only=aux"]), /curl http:\/\/localhost:8081\/parameters\/airlock/);
  assert.match(bannerOf(["--only=jobs"]), /export GPU_DEV_API_URL=http:\/\/localhost:8000$/m);
  assert.match(bannerOf([]), /export GPU_DEV_API_URL=http:\/\/localhost:8080$/m);
  assert.doesNotMatch(bannerOf(["--only=gateway"]), /config|GPU_DEV/);
  assert.doesNotMatch(bannerOf(["--aws"]), /config|GPU_DEV/);
});

test("a policy of one's own and a proxy of the shell are spoken of", () => {
  assert.match(bannerOf([], { ACCESS_POLICY_FILE: "mine.yaml" }), /as far as your policy allows:/);
  const proxy = { http_proxy: "http://proxy.example.com" };
  assert.match(bannerOf([], proxy), /export no_proxy=localhost/);
  assert.doesNotMatch(bannerOf([], { ...proxy, no_proxy: "a,localhost" }), /no_proxy/);
});

/** The one file that users install: small, whole by itself, and plain to a Node that is too old. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { json } from "node:stream/consumers";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { makeBundle } from "../src/bundle/make-bundle.ts";
import { COMMANDS } from "../src/commands/table.ts";
import { helpOfAll } from "../src/help.ts";
import { VERSION } from "../src/version.ts";
import { gpuDevChild } from "./child.ts";
import { JOB, nobody } from "./harness.ts";

const folder = await mkdtemp(join(tmpdir(), "airlock-cli-bundle-"));
after(() => rm(folder, { recursive: true, force: true }));
const bundle = await makeBundle(folder);
const run = (words: readonly string[], env: Record<string, string> = {}) =>
  gpuDevChild(words, { HOME: folder, ...env }, { program: [process.execPath, bundle] }).ended;

test("it is one file of 3 MB at most, and tells its version; it needs nothing beside it", async () => {
  assert.ok((await stat(bundle)).size <= 3_000_000);
  assert.ok(((await stat(bundle)).mode & 0o111) !== 0, "it can be run");
  const manifest = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  assert.equal(manifest.version, VERSION);
  assert.equal(manifest.dependencies, undefined, "nothing is installed with it");
  const { code, out, err } = await run(["--version"]);
  assert.deepEqual([code, out, err], [0, `${VERSION}\n`, ""]);
});

test("the help that it begins with is that of its commands", async () => {
  const wanted = helpOfAll(COMMANDS);
  const told = await Promise.all([["--help"], ["help"], []].map((words) => run(words)));
  for (const { code, out, err } of told) assert.deepEqual([code, out, err], [0, wanted, ""]);
  assert.match((await run(["help", "list"])).out, /^Usage: gpu-dev list/m);
});

test("the AWS credential chain is in it, and the WebSocket", async () => {
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  const env = {
    GPU_DEV_API_URL: await nobody(),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
  const login = await run(["login"], env);
  assert.equal(login.code, 1);
  assert.match(login.err, /Nobody answers at/, "the credentials were found");
  const licences = await readFile(join(folder, "third-party-licences.txt"), "utf8");
  for (const name of ["@aws-sdk/credential-provider-node", "ws"]) {
    assert.match(licences, new RegExp(`^${name} \\(`, "m"));
  }
});

const pathOfNode = `${dirname(process.execPath)}:${process.env.PATH}`;
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));

for (const [way, command] of [
  ["the installed file", '"$0"'],
  ["the script of a checkout", `cd '${ROOT}'; ${scripts["gpu-dev"]}`],
] as const) {
  test(`--env-file, by ${way}, is read by gpu-dev alone: from a pipe, once, whatever it says to Node`, async (t) => {
    const { url, bodies } = await acceptingAll(t);
    const env = { HOME: folder, GPU_DEV_API_URL: url, GPU_DEV_API_KEY: "given-given-given-given" };
    const ran = (file: string) => {
      const words = ["submit", "--instance", "p5.48xlarge", "--env-file", file];
      const line = `printf 'Q=1\\nNODE_OPTIONS=--require=/nowhere.cjs\\n' | { ${command} "$@"; }`;
      const program = ["sh", "-c", line, bundle];
      return gpuDevChild(words, { ...env, PATH: pathOfNode }, { program }).ended;
    };
    const { code, out, err } = await ran("/dev/stdin");
    assert.deepEqual([code, out], [0, `${JOB.job_id}\n`], err);
    const variables = { Q: "1", NODE_OPTIONS: "--require=/nowhere.cjs" };
    assert.deepEqual(
      bodies.map(({ env_vars }) => env_vars),
      [variables],
    );
    const missing = await ran("/nowhere.env");
    assert.equal(missing.code, 1);
    assert.match(missing.err, /^error: \/nowhere\.env cannot be read/);
  });
}

/** A service that takes every job. */
async function acceptingAll(t: TestContext) {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  const bodies: any[] = [];
  const server = createServer(async (request, response) => {
    const body = await json(request).catch(() => undefined);
    if (request.method === "POST") bodies.push(body);
    response.end(
      JSON.stringify({ availability: {}, job_id: JOB.job_id, status: "queued", message: "Yes." }),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

test("a Node that is too old says so in a sentence, before it reads the rest", async () => {
  const [, ...lines] = (await readFile(bundle, "utf8")).split("\n");
  const check = lines.slice(0, lines.indexOf("}") + 1).join("\n");
  for (const [node, exits] of [
    ["12.22.0", true],
    ["20.19.0", true],
    ["22.0.0", false],
    ["24.1.0", false],
    ["100.0.0", false],
  ] as const) {
    let told = "";
    const codes: number[] = [];
    const process = {
      versions: { node },
      stderr: {
        write: (text: string) => {
          told += text;
        },
      },
      exit: (code: number) => codes.push(code),
    };
    runInNewContext(check, { process, parseInt });
    assert.deepEqual(codes, exits ? [1] : [], node);
    assert.equal(told, exits ? `gpu-dev needs Node 22 or newer; this is Node ${node}.\n` : "");
  }
});

/**
 * The gateway between versions: first-release.json holds what jobs and aux of the first release
 * answered, and a later one may answer with more.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { newApiKey } from "@airlock/identity";
import { askAt } from "../../jobs/test/harness.ts";
import { type Script, startGateway, startUpstream } from "./harness.ts";

const RECORDED = JSON.parse(
  await readFile(new URL("first-release.json", import.meta.url), "utf8"),
) as Record<string, object>;
const NEWER = { added: { by: ["a later version"] } };
const OWNER = { session: "alice@example.com" };
const { key } = newApiKey();

type Answers = Readonly<Record<string, object | undefined>>;

/** By the path's beginning; a body that names a status is a problem of that status. */
const answersOf =
  (answers: Answers): Script =>
  (request, response) => {
    const [, body = {}] =
      Object.entries(answers).find(([path]) => request.url?.startsWith(path)) ?? [];
    const status = "status" in body && typeof body.status === "number" ? body.status : 200;
    const type = status === 200 ? "application/json" : "application/problem+json";
    response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
  };

async function start(t: TestContext, jobsAnswers: Answers, auxAnswers: Answers = {}, env = {}) {
  const aux = await startUpstream(t, answersOf(auxAnswers));
  const jobs = await startUpstream(t, answersOf(jobsAnswers));
  const asking = { GATEWAY_AUTH: "api-key", JOBS_SERVICE_URL: jobs.url, ...env };
  const gateway = await startGateway(t, aux.url, asking);
  return { aux, jobs, gateway, ask: askAt(gateway.url) };
}

test("a key whose owner jobs does not name is 503 keys_unavailable, and never a username", async (t) => {
  const answers = { "/internal": RECORDED.validKey, "/v1/jobs": RECORDED.jobs };
  const { aux, gateway, ask } = await start(t, answers);
  for (const path of ["/config/a", "/config", "/storage", "/storage/data/a"]) {
    const { status, body, headers } = await ask("GET", path, { key });
    assert.deepEqual([status, body.code], [503, "keys_unavailable"], path);
    assert.equal(headers.get("retry-after"), "1");
  }
  assert.equal(aux.requests.length, 0);
  assert.equal((await ask("GET", "/v1/jobs", { key })).status, 200, "jobs asks by itself");
  const line = gateway.lines.find(({ msg }) => msg === "API keys cannot be checked");
  assert.match(JSON.stringify(line), /jobs is too old: it does not say whose a key is/);
});

for (const [name, change] of [
  ["without an account", { account: undefined }],
  ["with an account that is none", { account: "me" }],
  ["without a role", { role: "" }],
  ["with an empty session", { session: "" }],
] as const) {
  test(`a valid key ${name} lets nobody in`, async (t) => {
    const answer = { ...RECORDED.validKey, ...OWNER, ...change };
    const { aux, ask } = await start(t, { "/internal": answer });
    const { status, body } = await ask("GET", "/config/a", { key });
    assert.deepEqual([status, body.code], [503, "keys_unavailable"]);
    assert.equal(aux.requests.length, 0);
  });
}

test("a key that jobs refuses is refused, by a jobs of any version", async (t) => {
  for (const [answer, status, code] of [
    [RECORDED.unknownKey, 401, "api_key_unknown"],
    [{ state: "revoked", ...NEWER }, 403, "api_key_revoked"],
    [{ state: "a word that later versions have" }, 401, "api_key_unknown"],
  ] as const) {
    const { aux, ask } = await start(t, { "/internal": answer });
    const refused = await ask("GET", "/config/a", { key });
    assert.deepEqual([refused.status, refused.body.code], [status, code]);
    assert.equal(aux.requests.length, 0);
  }
});

test("what a later jobs answers of a key besides is ignored", async (t) => {
  const { jobs, ask } = await start(t, {
    "/internal": { ...RECORDED.validKey, ...OWNER, ...NEWER },
  });
  const { status, body } = await ask("GET", "/config/a", { key });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(jobs.requests[0]?.url, "/internal/key-check?session=true");
});

test("health of jobs: members more are ignored, a word that is not known is unknown", async (t) => {
  for (const [answer, words] of [
    [RECORDED.jobsHealth, ["healthy", "healthy"]],
    [{ ...RECORDED.jobsHealth, ...NEWER }, ["healthy", "healthy"]],
    [{ database: "read-only", queue: "missing" }, ["unknown", "missing"]],
    [{ queue: "healthy" }, ["unknown", "healthy"]],
    [{}, ["unknown", "unknown"]],
  ] as const) {
    const { ask } = await start(t, { "/health": answer }, {}, { GATEWAY_AUTH: "none" });
    const { body } = await ask("GET", "/health");
    assert.deepEqual([body.database, body.queue], words, JSON.stringify(answer));
  }
});

test("problems and lists pass with the members that they have, fewer or more", async (t) => {
  const { type, code, detail } = RECORDED.parameterNotFound as Record<string, string>;
  for (const problem of [
    RECORDED.parameterNotFound,
    { ...RECORDED.parameterNotFound, ...NEWER },
    { type, status: 404, code, detail },
  ]) {
    const auxAnswers = { "/parameters/a": problem, "/parameters": RECORDED.parameters };
    const { ask } = await start(t, {}, auxAnswers, { GATEWAY_AUTH: "none" });
    const missing = await ask("GET", "/config/a");
    assert.deepEqual([missing.status, missing.body.code, missing.body.detail], [404, code, detail]);
    assert.deepEqual((await ask("GET", "/config")).body, RECORDED.parameters);
  }
  const later = { ...RECORDED.jobs, ...NEWER };
  const jobsAnswers = { "/v1/jobs/": RECORDED.jobNotFound, "/v1/jobs": later };
  const { ask } = await start(t, jobsAnswers);
  assert.equal((await ask("GET", "/v1/jobs/abcd", { key })).body.code, "job_not_found");
  assert.deepEqual((await ask("GET", "/v1/jobs", { key })).body, later);
});

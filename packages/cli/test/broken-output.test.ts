/** What is printed and cannot be written: a reader that has gone is no failure, but no success of what was waited for either. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { gpuDevChild, PROGRAM } from "./child.ts";
import { JOB, temporaryHome } from "./harness.ts";

const WAIT = ["submit", "--instance", "p5.48xlarge", "--wait", "--json", "--", "true"];

/** One job, of another warning at each look. @returns the environment that leads there. */
async function service(t: TestContext) {
  let looks = 0;
  const answer = (method: string | undefined, url = "") => {
    if (url === "/v1/gpu/availability") return { availability: {} };
    if (url.startsWith("/v1/jobs?")) return { jobs: [JOB], next_cursor: null };
    if (method === "POST") return { job_id: JOB.job_id, status: "queued", message: "Yes." };
    return { ...JOB, warning: `Look ${looks++}.` };
  };
  const server = createServer(({ method, url }, response) => {
    response.end(JSON.stringify(answer(method, url)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const HOME = await temporaryHome(t);
  const GPU_DEV_API_URL = `http://127.0.0.1:${port}`;
  return { HOME, GPU_DEV_API_URL, GPU_DEV_API_KEY: "given-given-given-given" };
}

test("what cannot be written is a sentence and exit 1, also of what was done by then", async (t) => {
  const env = await service(t);
  // a descriptor that is open for reading alone
  const unwritable = { program: ["sh", "-c", '"$0" "$@" 1</dev/null', ...PROGRAM] };
  const [list, wait] = await Promise.all(
    [["list", "--json"], WAIT].map((words) => gpuDevChild(words, env, unwritable).ended),
  );
  assert.equal(list?.code, 1, list?.err);
  assert.match(list?.err ?? "", /^error: stdout cannot be written: \w+\.\n$/);
  assert.equal(wait?.code, 1, wait?.err);
  assert.match(
    wait?.err ?? "",
    /stdout cannot be written.*the job goes on\. gpu-dev show 3f2a91bc/s,
  );
});

test("a reader that has gone: what was done is, and what was waited for is exit 141", async (t) => {
  const env = await service(t);
  const into = (reader: string, words: readonly string[]) => {
    const line = `{ "$0" "$@"; echo "exit $?" >&2; } | ${reader}`;
    return gpuDevChild(words, env, { program: ["sh", "-c", line, ...PROGRAM] }).ended;
  };
  const [list, wait] = await Promise.all([into(":", ["list"]), into("head -n 1", WAIT)]);
  assert.equal(list.err, "exit 0\n");
  assert.match(wait.out, /^\{.*"warning":"Look 0\."[^\n]*\n$/);
  const goesOn =
    "Not waiting any more; the job goes on. gpu-dev show 3f2a91bc, gpu-dev cancel 3f2a91bc";
  assert.equal(wait.err, `${goesOn}\nexit 141\n`);
});

/** The gateway between two callees that say so of themselves: one plays aux, the other aux behind API Gateway. */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Environment } from "@airlock/config";
import { type Script, startGateway, startUpstream, until } from "./harness.ts";

type Scope = Pick<TestContext, "after">;

/** In every session: where none of it may be told. */
export const TOKEN = "IQoJexample/CANARY+token==";

/** Plays EKS Pod Identity's agent: a session each time it is asked, or none. */
export async function startAgent(t: Scope) {
  const agent = { asked: 0, isDown: false, lifeMs: 3_600_000, url: "" };
  const server = createServer((_request, response) => {
    agent.asked++;
    if (agent.isDown) return void response.writeHead(500).end();
    const session = {
      AccessKeyId: `ASIAEXAMPLESESSION${agent.asked}`,
      SecretAccessKey: "EXAMPLE/nothing/here/is/secret/aaaaaaaaa",
      Token: TOKEN,
      Expiration: new Date(Date.now() + agent.lifeMs).toISOString(),
    };
    response.end(JSON.stringify(session));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  agent.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/credentials`;
  return agent;
}

/** A folder with the service-account token, and what writes a rollout file there as the kubelet does. */
export async function rolloutFolder(t: Scope) {
  const folder = await mkdtemp(join(tmpdir(), "airlock-routes-"));
  t.after(() => rm(folder, { recursive: true }));
  const LAYER_TOKEN_FILE = join(folder, "token");
  const ROLLOUT_FILE = join(folder, "rollout.json");
  await writeFile(LAYER_TOKEN_FILE, "a.b.c");
  return {
    LAYER_TOKEN_FILE,
    ROLLOUT_FILE,
    async put(rollout: object) {
      await writeFile(`${ROLLOUT_FILE}.next`, JSON.stringify(rollout));
      await rename(`${ROLLOUT_FILE}.next`, ROLLOUT_FILE);
    },
  };
}

/** @param env beside what is needed for both routes. */
export async function startRoutes(
  t: Scope,
  { direct, execution }: { readonly direct: Script; readonly execution: Script },
  env: Environment = {},
) {
  const agent = await startAgent(t);
  const [aux, api, folder] = await Promise.all([
    startUpstream(t, direct),
    startUpstream(t, execution),
    rolloutFolder(t),
  ]);
  /** Another replica. */
  const start = (more: Environment = {}) =>
    startGateway(t, aux.url, {
      LAYER_AUTH: "sigv4",
      LAYER_TOKEN_FILE: folder.LAYER_TOKEN_FILE,
      EXECUTION_API_URL: `${api.url}/prod`,
      EXECUTION_API_REGION: "eu-west-1",
      AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url,
      ...env,
      ...more,
    });
  const gateway = await start();
  // with a direct route it is ready without one
  const hasSession = async () =>
    (await gateway.metric("airlock_aws_session_expires_in_seconds")) > 0;
  await until(hasSession);
  return { agent, aux, api, gateway, start, folder };
}

export type Routes = Awaited<ReturnType<typeof startRoutes>>;

/** The event words of a gateway's log, each once. */
export const eventsOf = ({ gateway }: Routes): Set<unknown> =>
  new Set(gateway.lines.map(({ event }) => event).filter((event) => event !== undefined));

/** In what state the execution API is left. */
export const percentageOf = ({ gateway }: Pick<Routes, "gateway">): Promise<number> =>
  gateway.metric("airlock_rollout_percentage", { state: "in_use" });

/** The bundle as AWS would run it: a process that starts cold, and that can end at any moment. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { LOCAL_AWS, startLocalAws } from "@airlock/local-aws";
import { until } from "../../../packages/http/test/app-harness.ts";
import { callApi } from "../../../packages/local-aws/test/execute-api-client.ts";
import { makeBundle } from "../src/lambda/make-bundle.ts";

const RUN = new URL("../../../packages/local-aws/src/lambda/run.ts", import.meta.url).pathname;
const PATH = "/s3/objects?bucket=airlock-data-dev&key=big";

test("the bundle answers from cold, and a process that is killed leaves no answer that looks whole", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "airlock-lambda-"));
  const local = await startLocalAws();
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) child.kill("SIGKILL");
    await local.close();
    await rm(folder, { recursive: true });
  });
  await makeBundle(folder);
  let printed = "";
  const start = () => {
    const child = spawn(process.execPath, [RUN], {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${local.port}`,
        LAMBDA_TASK_ROOT: folder,
        _HANDLER: "lambda.handler",
        ENVIRONMENT: "dev",
        LAYER_AUTH_MODE: "enforce",
        LAYER_AUTH_ACCEPTS: "execution-api",
        LAYER_AUTH_ROLES: LOCAL_AWS.gatewayRoleArn,
        RESERVED_CONCURRENCY: "4",
        AWS_REGION: LOCAL_AWS.region,
        AWS_ENDPOINT_URL: local.url,
        AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
        AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
        AWS_ROLE_ARN: LOCAL_AWS.roleArn,
      },
    });
    child.stdout.on("data", (chunk) => {
      printed += chunk;
    });
    children.push(child);
    return child;
  };
  const written = (): { msg?: string; audit?: object }[] => {
    const lines = printed.split("\n").slice(0, -1);
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  };
  const kill = async (child: ChildProcess) => {
    child.kill("SIGKILL");
    await once(child, "close");
  };

  // the call waits for the process, and the process for its session
  const first = start();
  const cold = await callApi(local.url, "/parameters/my-parameter");
  assert.equal(cold.status, 200, String(cold.body));
  // its lines come through a pipe of their own, not before the answer
  const isWritten = () => {
    const lines = written();
    return lines.some(({ msg }) => msg === "request") && lines.some(({ audit }) => audit);
  };
  await until(isWritten);
  await kill(first);

  const next = start();
  local.objects.put({ bucket: "airlock-data-dev", key: "big", size: 32 * 2 ** 20 });
  const beforeBody = () => kill(next);
  await assert.rejects(callApi(local.url, PATH, { beforeBody }), /aborted/);
});

/** The default chain: what it gives is renewed as early as a role's session, whatever the SDK remembers. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { LOCAL_AWS, type LocalAws } from "@airlock/local-aws";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { startRig, until } from "./harness.ts";

/** As EKS Pod Identity gives credentials to a container: each answer is a new session. */
async function podIdentity(t: TestContext, localOf: () => LocalAws) {
  const state = { calls: 0, hangs: 0 };
  const server = createServer(async (_request, response) => {
    state.calls++;
    if (state.hangs > 0) {
      state.hangs--;
      return;
    }
    const sts = new STSClient({
      endpoint: localOf().url,
      region: LOCAL_AWS.region,
      credentials: {
        accessKeyId: LOCAL_AWS.baseAccessKeyId,
        secretAccessKey: LOCAL_AWS.baseSecretAccessKey,
      },
    });
    const role = { RoleArn: LOCAL_AWS.roleArn, RoleSessionName: "pod" };
    const { Credentials: given } = await sts.send(new AssumeRoleCommand(role));
    sts.destroy();
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        AccessKeyId: given?.AccessKeyId,
        SecretAccessKey: given?.SecretAccessKey,
        Token: given?.SessionToken,
        Expiration: given?.Expiration?.toISOString(),
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  // the SDK reads it there itself; each test file is a process of its own
  process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI = `http://127.0.0.1:${port}/v1/credentials`;
  process.env.AWS_EC2_METADATA_DISABLED = "true";
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return state;
}

async function startChain(t: TestContext, hangs = 0) {
  let local: LocalAws | undefined;
  const pod = await podIdentity(t, () => {
    assert.ok(local);
    return local;
  });
  pod.hangs = hangs;
  const rig = await startRig(t, {}, (standIn) => {
    local = standIn;
  });
  await until(() => rig.aws.session.isValid(), 15_000);
  return { ...rig, pod };
}

test("revoked credentials of the chain are fetched anew, though the SDK would keep them for an hour", async (t) => {
  const { aws, local, pod } = await startChain(t);
  assert.equal(aws.session.report().source, "default_chain");
  assert.ok(await aws.parameters.get("my-parameter"));
  local.sessions.revoke("expired");
  assert.ok(await aws.buckets.list());
  assert.equal(pod.calls, 2);
});

test("a source that hangs is asked again, and nobody waits for the first answer", async (t) => {
  const { aws } = await startChain(t, 1);
  assert.ok(await aws.parameters.get("my-parameter"));
});

test("a machine whose clock is two hours ahead learns the time of AWS, and signs with the chain", async (t) => {
  const trueNow = Date.now;
  t.mock.method(Date, "now", () => trueNow() + 2 * 3_600_000);
  const { aws } = await startChain(t);
  assert.ok(await aws.parameters.get("my-parameter"));
  assert.ok(aws.session.secondsLeft() > 3590, `${aws.session.secondsLeft()}`);
});

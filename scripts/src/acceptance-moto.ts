/** `pnpm acceptance:moto`: the acceptance tests with aux on moto, an independent server of AWS's protocols. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { S3Client } from "@aws-sdk/client-s3";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { freePort, startChildren, untilUp } from "./acceptance/children.ts";
import { startPair } from "./acceptance/pair.ts";
import { SEED_REGION, seedObjects } from "./acceptance/seed-objects.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ROLE_ARN = "arn:aws:iam::111122223333:role/airlock-aux-role-dev";
const children = startChildren(ROOT);

/** Fills the account that the role belongs to: moto keeps accounts apart, as AWS does. */
async function seed(endpoint: string): Promise<void> {
  const base = { endpoint, region: SEED_REGION };
  const options = {
    ...base,
    credentials: fromTemporaryCredentials({
      masterCredentials: { accessKeyId: "test", secretAccessKey: "test" },
      params: { RoleArn: ROLE_ARN },
      clientConfig: base,
    }),
  };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const ssm = new SSMClient(options);
  await seedObjects(s3, { isAsAws: true });
  for (let i = 0; i < 120; i++) {
    const Name = `/airlock/dev/many/p${i}`;
    await ssm.send(new PutParameterCommand({ Name, Value: `v${i}`, Type: "String" }));
  }
  for (const [Name, Value] of [
    ["my-parameter", "v"],
    ["/rooted", "one level"],
    ["/root-secret", "LEAKED"],
  ] as const) {
    await ssm.send(new PutParameterCommand({ Name, Value, Type: "String" }));
  }
  await ssm.send(
    new PutParameterCommand({ Name: "/airlock/dev/secret", Value: "s", Type: "SecureString" }),
  );
  s3.destroy();
  ssm.destroy();
}

async function main(): Promise<number> {
  if (spawnSync("moto_server", ["--help"]).error) {
    process.stdout.write("not run: moto_server absent\n");
    return 0;
  }
  const moto = await freePort();
  const endpoint = `http://127.0.0.1:${moto}`;
  children.run("moto_server", ["-H", "127.0.0.1", "-p", String(moto)]);
  await untilUp(`${endpoint}/moto-api/`);
  await seed(endpoint);
  const url = await startPair(children, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_ROLE_ARN: ROLE_ARN,
  });
  const tests = spawn(process.execPath, ["acceptance/main.ts", "*.test.ts", "moto/*.test.ts"], {
    cwd: ROOT,
    env: { ...process.env, BASE_URL: url },
    stdio: "inherit",
  });
  const [code] = await once(tests, "exit");
  return code ?? 1;
}

process.exitCode = await main().finally(() => children.end());

/** `pnpm acceptance:moto`: the acceptance tests with aux on moto, an independent server of AWS's protocols. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from "@aws-sdk/client-s3";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ROLE_ARN = "arn:aws:iam::111122223333:role/airlock-aux-role-dev";
const READY_LIMIT_MS = 60_000;
const children: ReturnType<typeof spawn>[] = [];

function run(command: string, args: readonly string[], env: Record<string, string> = {}) {
  const { PATH = "", HOME = "" } = process.env;
  const options = { cwd: ROOT, env: { PATH, HOME, ...env }, stdio: "ignore" } as const;
  children.push(spawn(command, args, options));
}

async function untilOk(url: string): Promise<void> {
  const end = Date.now() + READY_LIMIT_MS;
  for (;;) {
    const ok = await fetch(url).then(
      ({ ok: isOk }) => isOk,
      () => false,
    );
    if (ok) return;
    if (Date.now() > end) throw new Error(`${url} did not answer within ${READY_LIMIT_MS} ms`);
    await sleep(100);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** Fills the account that the role belongs to: moto keeps accounts apart, as AWS does. */
async function seed(endpoint: string): Promise<void> {
  const base = { endpoint, region: "eu-west-1" };
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
  const location = { LocationConstraint: "eu-west-1" } as const;
  for (const Bucket of ["airlock-data-dev", "airlock-logs-dev"]) {
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: location }));
  }
  await seedObjects(s3, "airlock-data-dev");
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

/** What S3 tells beside the bytes, what the policy of these tests denies, and the versions of one object. */
async function seedObjects(s3: S3Client, Bucket: string): Promise<void> {
  const put = (Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  await put("reports/a.txt", "an object");
  await put("odd/headers", "plain", {
    ContentEncoding: "aws-chunked",
    Expires: new Date("2030-01-01T00:00:00Z"),
    Metadata: { owner: "somebody" },
    StorageClass: "STANDARD_IA",
  });
  await put("odd/archived", "cold", { StorageClass: "GLACIER" });
  for (const key of ["denied/a", "denied/b", "a.key", "z.key"]) await put(key, "LEAKED");
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  for (const body of ["first", "second"]) await put("odd/versions", body);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "odd/versions" }));
  await put("odd/versions", "third");
  await put("odd/versions-of-another", "other");
}

async function main(): Promise<number> {
  if (spawnSync("moto_server", ["--help"]).error) {
    process.stdout.write("not run: moto_server absent\n");
    return 0;
  }
  const [moto, aux, gateway, auxMetrics, gatewayMetrics] = await Promise.all(
    Array.from({ length: 5 }, freePort),
  );
  const endpoint = `http://127.0.0.1:${moto}`;
  run("moto_server", ["-H", "127.0.0.1", "-p", String(moto)]);
  await untilOk(`${endpoint}/moto-api/`);
  await seed(endpoint);
  const node = ["--conditions=airlock-source", "--enable-source-maps"];
  const common = {
    ENVIRONMENT: "dev",
    HOST: "127.0.0.1",
    LOG_LEVEL: "error",
    DRAIN_DELAY_SECONDS: "0",
  };
  run(process.execPath, [...node, "services/aux/src/main.ts"], {
    ...common,
    PORT: String(aux),
    METRICS_PORT: String(auxMetrics),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_ROLE_ARN: ROLE_ARN,
    ACCESS_POLICY_FILE: "acceptance/moto/access-policy.yaml",
  });
  run(process.execPath, [...node, "services/gateway/src/main.ts"], {
    ...common,
    PORT: String(gateway),
    METRICS_PORT: String(gatewayMetrics),
    AUX_SERVICE_URL: `http://127.0.0.1:${aux}`,
  });
  await untilOk(`http://127.0.0.1:${aux}/readyz`);
  await untilOk(`http://127.0.0.1:${gateway}/readyz`);
  const tests = spawn(process.execPath, ["acceptance/main.ts", "*.test.ts", "moto/*.test.ts"], {
    cwd: ROOT,
    env: { ...process.env, BASE_URL: `http://127.0.0.1:${gateway}` },
    stdio: "inherit",
  });
  const [code] = await once(tests, "exit");
  return code ?? 1;
}

process.exitCode = await main().finally(() => {
  for (const child of children) child.kill();
});

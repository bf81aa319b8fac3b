/** `pnpm check:s3`: the acceptance tests of objects with aux on other servers of S3, each made for the check. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { S3Client } from "@aws-sdk/client-s3";
import { startChildren } from "./acceptance/children.ts";
import { startPair } from "./acceptance/pair.ts";
import { SEED_REGION, seedObjects } from "./acceptance/seed-objects.ts";
import { CEPH } from "./check-s3/ceph.ts";
import { runTests } from "./check-s3/run-tests.ts";
import { absentOf, type RunningS3, type S3Server } from "./check-s3/server.ts";
import { SWIFT } from "./check-s3/swift.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Those that put objects come last: the others know what there is. */
const TESTS = ["acceptance/moto/objects.test.ts", "acceptance/objects.test.ts"];
const say = (text: string) => process.stdout.write(`${text}\n`);

async function seed({ endpoint, accessKeyId, secretAccessKey }: RunningS3): Promise<void> {
  const s3 = new S3Client({
    endpoint,
    region: SEED_REGION,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  await seedObjects(s3, { isAsAws: false });
  s3.destroy();
}

/** @returns whether all is well. */
async function check(server: S3Server): Promise<boolean> {
  const absent = absentOf(server.programs);
  if (absent !== undefined) {
    say(`not run: ${absent} absent`);
    return true;
  }
  const folder = await mkdtemp(path.join(tmpdir(), "airlock-s3-"));
  const children = startChildren(ROOT);
  const end = async () => {
    await children.end();
    await rm(folder, { recursive: true, force: true });
  };
  const stop = () => void end().finally(() => process.exit(1));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  try {
    const s3 = await server.start(children, folder, SEED_REGION);
    await seed(s3);
    // no role: a server has none, or an STS of its own
    const url = await startPair(children, {
      AWS_REGION: SEED_REGION,
      AWS_ENDPOINT_URL: s3.endpoint,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    });
    const files = TESTS.map((file) => path.join(ROOT, file));
    const { passed, excepted, faults } = await runTests(files, url, server.exceptions);
    say(`\n${server.name} ${s3.version}: ${passed} tests hold`);
    for (const name of excepted) say(`  cannot hold: ${name}: ${server.exceptions[name]}`);
    for (const fault of faults) say(`  ${fault}`);
    return faults.length === 0;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
    await end();
  }
}

let isFine = true;
for (const server of [SWIFT, CEPH]) isFine = (await check(server)) && isFine;
say(isFine ? "\nno fault" : "\nfaults were found");
process.exitCode = isFine ? 0 : 1;

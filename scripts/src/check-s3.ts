/** `pnpm check:s3`: the acceptance tests of objects with aux on OpenStack Swift's S3, made for the check. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { S3Client } from "@aws-sdk/client-s3";
import { startChildren } from "./acceptance/children.ts";
import { startPair } from "./acceptance/pair.ts";
import { SEED_REGION, seedObjects } from "./acceptance/seed-objects.ts";
import { OF_SWIFT } from "./check-s3/exceptions.ts";
import { runTests } from "./check-s3/run-tests.ts";
import { absentProgram, type Swift, startSwift } from "./check-s3/swift.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Those that put objects come last: the others know what there is. */
const TESTS = ["acceptance/moto/objects.test.ts", "acceptance/objects.test.ts"];
const say = (text: string) => process.stdout.write(`${text}\n`);

async function seed({ endpoint, accessKeyId, secretAccessKey }: Swift): Promise<void> {
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

async function check(folder: string): Promise<boolean> {
  const children = startChildren(ROOT);
  const stop = () => void children.end().finally(() => process.exit(1));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  try {
    const swift = await startSwift(children, folder, SEED_REGION);
    await seed(swift);
    // no role: Swift has none, and no STS
    const url = await startPair(children, {
      AWS_REGION: SEED_REGION,
      AWS_ENDPOINT_URL: swift.endpoint,
      AWS_ACCESS_KEY_ID: swift.accessKeyId,
      AWS_SECRET_ACCESS_KEY: swift.secretAccessKey,
    });
    const files = TESTS.map((file) => path.join(ROOT, file));
    const { passed, excepted, faults } = await runTests(files, url, OF_SWIFT);
    say(`\nSwift ${swift.version}: ${passed} tests hold`);
    for (const name of excepted) say(`  cannot hold: ${name}: ${OF_SWIFT[name]}`);
    for (const fault of faults) say(`  ${fault}`);
    return faults.length === 0;
  } finally {
    await children.end();
  }
}

const absent = absentProgram();
if (absent !== undefined) say(`not run: ${absent} absent`);
else {
  const folder = await mkdtemp(path.join(tmpdir(), "airlock-swift-"));
  const isFine = await check(folder).finally(() => rm(folder, { recursive: true, force: true }));
  say(isFine ? "\nno fault" : "\nfaults were found");
  process.exitCode = isFine ? 0 : 1;
}

/** `pnpm check:database`: the database's tests on the other Postgres of this machine, and behind PgBouncer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { findPgBouncer, findPostgres, OLDEST } from "./check-database/programs.ts";

const TESTS = "packages/jobs-store/test/*.test.ts";
const POOLED = "packages/jobs-store/test/pooled/pooled.test.ts";
/** What a Postgres before 18 cannot be told: where else an extension's files are. */
const SINCE_18 = "PGMQ comes as an extension";
const BUNDLED = "the bundled Postgres 18";

const say = (text: string) => process.stdout.write(`${text}\n`);

async function run(files: readonly string[], env: NodeJS.ProcessEnv, skip?: string) {
  const options = [
    "--conditions=airlock-source",
    "--test",
    "--test-concurrency=2",
    "--test-reporter=dot",
    ...(skip === undefined ? [] : [`--test-skip-pattern=${skip}`]),
  ];
  const child = spawn(process.execPath, [...options, ...files], {
    env: { ...process.env, ...env },
    stdio: "inherit",
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code === 0;
}

let isFine = true;
const postgres = findPostgres();
if (postgres === undefined) say(`not run: Postgres ${OLDEST} absent`);
else {
  say(
    `Postgres ${postgres.major} in ${postgres.folder}, all tests of the store but "${SINCE_18}":`,
  );
  const env = { AIRLOCK_TEST_POSTGRES: postgres.folder };
  isFine = await run(globSync(TESTS), env, postgres.major < 18 ? SINCE_18 : undefined);
}
const pgbouncer = findPgBouncer();
if (pgbouncer === undefined) say("not run: pgbouncer absent");
else {
  for (const folder of [undefined, postgres?.folder].slice(0, postgres ? 2 : 1)) {
    say(`PgBouncer in transaction mode before ${folder ?? BUNDLED}:`);
    const env = { AIRLOCK_TEST_PGBOUNCER: pgbouncer, AIRLOCK_TEST_POSTGRES: folder };
    isFine = (await run([POOLED], env)) && isFine;
  }
}
say(isFine ? "\nno fault" : "\nfaults were found");
process.exitCode = isFine ? 0 : 1;

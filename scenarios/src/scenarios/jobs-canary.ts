/** Secrets are planted wherever jobs meets secrets; then everything that stays is searched for them. */
import { readFile } from "node:fs/promises";
import { createSealer, parseSealingKeys, type Queryable, type Sealed } from "@airlock/jobs-store";
import { freePort } from "../rig/free-port.ts";
import { type JobsRig, startJobs } from "../rig/jobs.ts";
import { type JobsAnswer, jobsClient, tally } from "../rig/jobs-client.ts";
import { type Learned, type Planted, SESSIONS, spendDay } from "../rig/jobs-day.ts";
import { addPerson } from "../rig/jobs-people.ts";
import { ServiceProcess } from "../rig/service-process.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const PLANTED: Planted = {
  variable: "canary-variable-91aa",
  idempotencyKey: "canary-idempotency-key-4f1c",
  query: "canary-query-e6a1",
  cookie: "canary-cookie-c3f8",
};

export const jobsCanary: Scenario = {
  name: "jobs-canary",
  how: "known secrets in settings, logins, submits, headers and queries, with the logs at debug; good and bad requests through the gateway (in soak also to each replica), while all works, while STS throttles, fails, hangs up and answers nonsense, and while Postgres is killed; every line of every process and of Postgres, every answer, all metrics and all tables are searched",
  run: runCanary,
};

/** What is searched, by its name. */
type Places = Map<string, string[]>;

async function runCanary(size: SizeName, stage: Stage): Promise<void> {
  const places: Places = new Map([["the log of Postgres", []]]);
  const rig = await startJobs(stage, {
    jobsEnv: { LOG_LEVEL: "debug" },
    gatewayEnv: { LOG_LEVEL: "debug" },
    onDatabaseLog: (line) => places.get("the log of Postgres")?.push(line),
  });
  listen(rig, places);
  const { key: spareKey } = await addPerson(rig.db);
  const learned: Learned = { apiKeys: new Set([spareKey]), signatures: new Set() };
  const answers: JobsAnswer[] = [];
  const spend = async (urls: readonly string[]) => {
    for (const url of urls) {
      const ask = jobsClient(url, (answer) => answers.push(answer));
      await spendDay({ ask, planted: PLANTED, learned, spareKey });
    }
  };
  const replicas = size === "soak" ? rig.replicas.map(({ url }) => url) : [];
  const urls = [rig.url, ...replicas];
  await spend(urls);
  await archiveSome(rig.db);
  for (const fault of size === "soak" ? STS_FAULTS : STS_FAULTS.slice(0, 1)) {
    await rig.aws.faults(fault);
    await spend(urls);
  }
  await rig.aws.faults();
  for (const mode of size === "soak"
    ? (["fast", "immediate", "kill"] as const)
    : ["kill" as const]) {
    await Promise.all([rig.postgres.restart(mode), spend(urls)]);
  }
  places.set("a start that is refused", await refusedStart(rig));
  await gather(rig, places, answers);

  const count = countOf(answers, places);
  for (const [what, secrets] of await secretsOf(rig, learned))
    checkNowhere(stage, places, what, secrets, count);
  await checkSealed(stage, rig);
  stage.note("answers", count, tally(answers));
}

const STS_FAULTS = [
  { kind: "badIdentity", how: "xmlInJson" },
  { kind: "reset", service: "sts" },
  { kind: "throttle", service: "sts" },
  { kind: "error500", service: "sts" },
  { kind: "badIdentity", how: "redirect" },
  { kind: "badIdentity", how: "oversized" },
] as const;

function listen(rig: JobsRig, places: Places): void {
  const processes = [rig.localAws, rig.gateway, ...rig.replicas];
  for (const [index, process] of processes.entries()) {
    // what was said before anybody listened
    const texts = [JSON.stringify(process.log.lines), ...process.log.noise];
    places.set(`the log of ${process.name} ${index}`, texts);
    process.log.onText = (text) => texts.push(text);
  }
}

/** So that there is something in the archives, and something on the queues. */
async function archiveSome(db: Queryable): Promise<void> {
  for (const queue of ["gpu_reservations", "disk_operations"]) {
    await db.query(
      `SELECT pgmq.archive($1::text, ARRAY(SELECT msg_id FROM pgmq.q_${queue} WHERE msg_id % 2 = 1))`,
      [queue],
    );
  }
}

/** All that a process says that must not start, for its settings hold what they must not. */
async function refusedStart(rig: JobsRig): Promise<string[]> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const refused = new ServiceProcess("jobs", port, metricsPort, {
    ENVIRONMENT: "dev",
    PORT: String(port),
    DATABASE_URL: `${rig.databaseUrl}?sslmode=wrong`,
    AWS_SECRET_ACCESS_KEY: SESSIONS[0].secretAccessKey,
    ENV_VARS_KEYS_FILE: rig.keysFile,
  });
  const { code } = await refused.exited;
  const said = [JSON.stringify(refused.log.lines), ...refused.log.noise];
  if (code === 0 || said.join("").length < 10) throw new Error("nothing was refused");
  return said;
}

async function gather(rig: JobsRig, places: Places, answers: readonly JobsAnswer[]): Promise<void> {
  for (const [index, { metricsPort }] of [rig.gateway, ...rig.replicas].entries()) {
    const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    places.set(`metrics ${index}`, [await response.text()]);
  }
  // a login and a rotation show the key they made, once
  const others = answers.filter(({ body }) => body.api_key === undefined);
  places.set(
    "answers",
    others.map(({ headers, text }) => JSON.stringify([...headers]) + text),
  );
  const { rows } = await rig.db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables
     WHERE schemaname IN ('public', 'pgmq')`,
  );
  for (const { name } of rows) {
    const table = await rig.db.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t`);
    places.set(
      name,
      table.rows.map(({ line }) => line),
    );
  }
  await endAll(rig);
}

/** The last lines come with the end, and `exited` with the last of them. */
async function endAll(rig: JobsRig): Promise<void> {
  for (const process of [rig.gateway, ...rig.replicas]) {
    process.signal("SIGTERM");
    await process.exited;
  }
}

async function secretsOf(rig: JobsRig, learned: Learned): Promise<[string, string[]][]> {
  const sealing = parseSealingKeys(await readFile(rig.keysFile, "utf8"));
  return [
    ["AWS secret keys", SESSIONS.map(({ secretAccessKey }) => secretAccessKey)],
    ["AWS session tokens", SESSIONS.map(({ sessionToken }) => sessionToken)],
    ["signatures of logins", [...learned.signatures]],
    ["API keys", [...learned.apiKeys]],
    ["the value of a variable", [PLANTED.variable]],
    ["an Idempotency-Key", [PLANTED.idempotencyKey]],
    ["a query", [PLANTED.query]],
    ["a Cookie header", [PLANTED.cookie]],
    ["the password of the database", [decodeURIComponent(new URL(rig.databaseUrl).password)]],
    ["the key that encrypts variables", sealing.map(({ key }) => key.toString("base64"))],
  ];
}

function countOf(answers: readonly JobsAnswer[], places: Places): string {
  const sum = (isCounted: (name: string) => boolean) =>
    [...places].reduce((n, [name, texts]) => (isCounted(name) ? n + linesIn(texts) : n), 0);
  const lines = sum((name) => name.startsWith("the log of"));
  const rows = sum((name) => /^(public|pgmq)\./.test(name));
  return `${answers.length} requests, ${lines} lines, ${rows} rows`;
}

const linesIn = (texts: readonly string[]): number => texts.join("\n").split("\n").length;

function checkNowhere(
  stage: Stage,
  places: Places,
  what: string,
  secrets: readonly string[],
  count: string,
): void {
  // also as it would stand in a header, a URL, or a message that was encoded on its way
  const forms = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("hex"),
  ]);
  const found = [...places].filter(([, texts]) => {
    const all = texts.join("\n");
    return forms.some((form) => all.includes(form));
  });
  const names = found.map(([name]) => name).join(", ");
  const isKept = secrets.length > 0 && found.length === 0;
  stage.check(
    `canary: ${what}`,
    "nowhere",
    isKept,
    count,
    names || `nowhere (${secrets.length} of them)`,
  );
}

/** The proof that the searches looked in the right places: what was planted is there, sealed. */
async function checkSealed(stage: Stage, rig: JobsRig): Promise<void> {
  const { rows } = await rig.db.query<{ id: string; sealed: Sealed; archived: number }>(
    `SELECT reservation_id AS id, env_vars_sealed AS sealed,
       (SELECT count(*)::integer FROM pgmq.a_gpu_reservations) AS archived
     FROM reservations WHERE env_vars_sealed IS NOT NULL`,
  );
  const sealer = createSealer(parseSealingKeys(await readFile(rig.keysFile, "utf8")));
  const opened = rows.filter(({ id, sealed }) =>
    sealer.open({ reservationId: id, column: "env_vars" }, sealed).includes(PLANTED.variable),
  );
  const isRight = rows.length > 0 && opened.length === rows.length;
  const count = `${rows.length} jobs with variables`;
  stage.check("sealed variables that open with the key", "all", isRight, count, `${opened.length}`);
  const archived = rows[0]?.archived ?? 0;
  stage.check(
    "archived messages among what was searched",
    "some",
    archived > 0,
    count,
    `${archived}`,
  );
}

/** A day in the life of the jobs API: logins, jobs and keys, good requests and bad ones. */
import { signGetCallerIdentity } from "@airlock/identity";
import { KNOWN_SESSIONS, type KnownSession, LOCAL_AWS } from "@airlock/local-aws";
import type { AskJobs, JobsAnswer } from "./jobs-client.ts";

/** Secrets that a client sends with its requests. */
export interface Planted {
  readonly variable: string;
  readonly idempotencyKey: string;
  readonly query: string;
  readonly cookie: string;
}

/** What else turned out to be secret. */
export interface Learned {
  readonly apiKeys: Set<string>;
  readonly signatures: Set<string>;
}

export interface Day {
  readonly ask: AskJobs;
  readonly planted: Planted;
  readonly learned: Learned;
  /** Used when nobody can log in; it stays as it is. */
  readonly spareKey: string;
}

export const SESSIONS = [KNOWN_SESSIONS.gpuUser, KNOWN_SESSIONS.otherGpuUser] as const;
const [ALICE, BOB] = SESSIONS;
/** What the service is called in dev. */
const SERVER_ID = "airlock-dev";
const JOB = { image: "img", instance_type: "p5.48xlarge", duration_hours: 1 };

/** All that may be asked for, in one go; what fails meanwhile fails. */
export async function spendDay(day: Day): Promise<void> {
  const [first, other] = [await logInRaw(day, ALICE), await logInSigned(day, BOB)];
  await failToLogIn(day);
  for (const key of [first, other]) {
    await workWithJobs(day, key ?? day.spareKey);
    await sendNonsense(day, key ?? day.spareKey);
    if (key !== undefined) await workWithKeys(day, key);
  }
}

const rawKeys = (session: KnownSession) => ({
  aws_access_key_id: session.accessKeyId,
  aws_secret_access_key: session.secretAccessKey,
  aws_session_token: session.sessionToken,
});

async function logInRaw(day: Day, session: KnownSession): Promise<string | undefined> {
  return keyIn(day, await day.ask("POST", "/v1/auth/aws-login", { body: rawKeys(session) }));
}

async function logInSigned(day: Day, session: KnownSession): Promise<string | undefined> {
  const proof = await prove(day, session);
  if (!proof) return undefined;
  const key = keyIn(day, await day.ask("POST", "/v1/auth/aws-login", { body: proof }));
  // the same proof a second time is refused
  await day.ask("POST", "/v1/auth/aws-login", { body: proof });
  return key;
}

async function prove({ ask, learned }: Day, credentials: KnownSession) {
  const { challenge } = (await ask("POST", "/v1/auth/challenge")).body;
  if (typeof challenge !== "string") return undefined;
  const { region } = LOCAL_AWS;
  const proof = signGetCallerIdentity({ credentials, region, serverId: SERVER_ID, challenge });
  learned.signatures.add(proof.signature);
  return proof;
}

function keyIn({ learned }: Day, { body }: JobsAnswer): string | undefined {
  if (typeof body.api_key !== "string") return undefined;
  learned.apiKeys.add(body.api_key);
  return body.api_key;
}

async function failToLogIn(day: Day): Promise<void> {
  const raw = rawKeys(ALICE);
  const proof = await prove(day, ALICE);
  const bodies = [
    rawKeys(KNOWN_SESSIONS.foreignAccount),
    rawKeys(KNOWN_SESSIONS.expired),
    { ...raw, aws_session_token: "x" },
    { ...raw, aws_access_key_id: raw.aws_secret_access_key },
    { ...raw, more: raw.aws_secret_access_key },
    { ...raw, aws_secret_access_key: [raw.aws_secret_access_key] },
    { ...proof, date: "20200101T000000Z" },
    { ...proof, region: ALICE.secretAccessKey },
    { ...proof, challenge: ALICE.sessionToken },
    `{"aws_secret_access_key": "${raw.aws_secret_access_key}`,
  ];
  for (const body of bodies) await day.ask("POST", "/v1/auth/aws-login", { body });
}

async function workWithJobs({ ask, planted }: Day, key: string): Promise<void> {
  const headers = { cookie: `session=${planted.cookie}` };
  const job = { ...JOB, disk_name: "data", env_vars: { HF_TOKEN: planted.variable } };
  const once = `${planted.idempotencyKey}-${key.slice(-6)}`;
  const submitted = await ask("POST", "/v1/jobs/submit", { key, once, headers, body: job });
  await ask("POST", "/v1/jobs/submit", { key, once, body: { ...job, duration_hours: 2 } });
  await ask("POST", "/v1/disks", { key, once, body: { disk_name: `disk-${key.slice(4, 8)}` } });
  const path = `/v1/jobs/${submitted.body.job_id}`;
  for (const [method, target, body] of [
    ["GET", path, undefined],
    ["GET", "/v1/jobs", undefined],
    ["POST", `${path}/extend`, { extension_hours: 1 }],
    ["POST", `${path}/jupyter/enable`, undefined],
    ["POST", `${path}/users`, { github_username: "octocat" }],
    ["POST", `${path}/cancel`, undefined],
    ["GET", "/v1/gpu/availability", undefined],
    ["GET", "/v1/disks", undefined],
  ] as const) {
    const query = `?token=${planted.query}`;
    await ask(method, target, { key, headers, ...(body && { body }) });
    await ask(method, target + query, { key, ...(body && { body }) });
  }
}

async function sendNonsense({ ask, planted }: Day, key: string): Promise<void> {
  const { variable } = planted;
  const bodies = [
    { ...JOB, env_vars: { LD_PRELOAD: variable } },
    { ...JOB, env_vars: { AWS_SECRET_ACCESS_KEY: variable } },
    { ...JOB, env_vars: { HF_TOKEN: [variable] } },
    { ...JOB, env_vars: { HF_TOKEN: variable.repeat(2000) } },
    { ...JOB, env_vars: { HF_TOKEN: `${variable}\u0000` } },
    { ...JOB, env_vars: variable },
    { ...JOB, duration_hours: 99, env_vars: { HF_TOKEN: variable } },
    { env_vars: { HF_TOKEN: variable }, padding: variable.repeat(4000) },
    `{"env_vars": {"HF_TOKEN": "${variable}"`,
  ];
  for (const body of bodies) await ask("POST", "/v1/jobs/submit", { key, body });
  const headers = { "content-type": "text/plain" };
  await ask("POST", "/v1/jobs/submit", { key, body: variable, headers });
  for (const wrong of [`${key}x`, key.slice(0, -1), `${key} ${key}`]) {
    await ask("GET", "/v1/jobs", { key: wrong });
  }
  await ask("GET", `/v1/jobs?api_key=${key}`);
  await ask("GET", "/v1/jobs", { headers: { authorization: `Basic ${key}` } });
}

async function workWithKeys(day: Day, first: string): Promise<void> {
  const { ask, planted } = day;
  const rotate = { key: first, once: planted.idempotencyKey };
  const key = keyIn(day, await ask("POST", "/v1/keys/rotate", rotate));
  await ask("GET", "/v1/jobs", { key: first });
  if (key === undefined) return;
  await ask("GET", "/v1/keys", { key });
  // the second time the key is shut out
  for (let n = 0; n < 2; n++) await ask("DELETE", `/v1/keys/${key.slice(0, 13)}`, { key });
}

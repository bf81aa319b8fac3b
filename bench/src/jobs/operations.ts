/** What is measured: each operation as a client asks for it, and its statements alone. */
import {
  hashChallenge,
  newApiKey,
  newChallenge,
  signGetCallerIdentity,
} from "../../../packages/identity/src/index.ts";
import {
  consumeChallenge,
  countJobs,
  endOldestBeyond,
  findKeyByHash,
  insertChallenge,
  insertKey,
  listJobs,
  type Queryable,
  upsertUser,
} from "../../../packages/jobs-store/src/index.ts";
import {
  KNOWN_SESSIONS,
  type KnownSession,
  LOCAL_AWS,
} from "../../../packages/local-aws/src/known-identities.ts";
import { hashOfKey, KEYS, ROLE } from "./filled-database.ts";
import type { Rig } from "./rig.ts";
import { submit, JOB as WANTED } from "./submit.ts";

export interface Operation {
  readonly title: string;
  /** What the service was first announced with: its README, "Expected Performance". */
  readonly expected: string;
  /** One time through the service. */
  ask(): Promise<unknown>;
  /** One time the same statements, in the same transactions, by a client of Postgres. */
  query(): Promise<unknown>;
}

/** Whose list is read: the user with the most jobs. */
const READER = 1;
const PAGE = 50;
const TTL_SECONDS = 7200;

export async function operationsOf(rig: Rig): Promise<readonly Operation[]> {
  // not the user who logs in over and over: an eleventh key ends the first
  const key = await logIn(rig, KNOWN_SESSIONS.otherGpuUser);
  const { key: readerKey, prefix, hash } = newApiKey();
  await insertKey(rig.store.pool, {
    userId: READER,
    keyHash: hash,
    keyPrefix: prefix,
    description: "the benchmark's",
    ttlSeconds: TTL_SECONDS,
    loginTtlSeconds: TTL_SECONDS,
  });
  let [asked, queried] = [0, 0];
  return [
    {
      title: "login: challenge, signed request, STS",
      expected: "50–100 ms",
      ask: () => logIn(rig, KNOWN_SESSIONS.gpuUser),
      query: () => queryLogin(rig),
    },
    {
      title: "submit a job",
      expected: "5–10 ms",
      ask: () => rig.client.ask("POST", "/v1/jobs/submit", { key, body: JOB }),
      query: () => rig.store.transaction((db) => submit(db, READER + 1)),
    },
    {
      title: "check of a key, one of 50,000",
      expected: "1–5 ms",
      ask: () =>
        rig.client.ask("POST", "/internal/key-check", { body: { key_hash: anyKey(asked++) } }),
      query: () => findKeyByHash(rig.store.pool, anyKey(queried++)),
    },
    {
      title: `list of ${PAGE} jobs`,
      expected: "–",
      ask: () => rig.client.ask("GET", `/v1/jobs?limit=${PAGE}`, { key: readerKey }),
      query: () => queryList(rig.store.pool),
    },
  ];
}

/** Goes round all of them, far from one to the next. */
const anyKey = (n: number): string => hashOfKey(1 + ((n * 7919) % KEYS));

async function logIn({ client }: Rig, credentials: KnownSession): Promise<string> {
  const { challenge } = (await client.ask("POST", "/v1/auth/challenge")) as { challenge: string };
  const proof = signGetCallerIdentity({
    credentials,
    region: LOCAL_AWS.region,
    serverId: "airlock-dev",
    challenge,
  });
  const answer = await client.ask("POST", "/v1/auth/aws-login", { body: proof });
  return (answer as { api_key: string }).api_key;
}

async function queryLogin({ store }: Rig): Promise<void> {
  const challengeHash = hashChallenge(newChallenge());
  await insertChallenge(store.pool, { challengeHash, ttlSeconds: 60 });
  await consumeChallenge(store.pool, challengeHash);
  await store.transaction(async (db) => {
    const identity = { account: LOCAL_AWS.accountId, role: ROLE, sessionName: "bare" };
    const { user_id: userId } = await upsertUser(db, { ...identity, username: "bare" });
    const { prefix, hash } = newApiKey();
    await insertKey(db, {
      userId,
      keyHash: hash,
      keyPrefix: prefix,
      description: "AWS login",
      ttlSeconds: TTL_SECONDS,
      loginTtlSeconds: TTL_SECONDS,
    });
    await endOldestBeyond(db, { userId, keep: 10 });
  });
}

const JOB = {
  image: WANTED.image,
  instance_type: WANTED.instanceType,
  duration_hours: WANTED.durationHours,
  command: WANTED.command,
};

async function queryList(db: Queryable): Promise<void> {
  const [rows] = await Promise.all([
    listJobs(db, { userId: READER, limit: PAGE + 1 }),
    countJobs(db, { userId: READER }),
  ]);
  if (rows.length !== PAGE + 1) throw new Error(`the list has ${rows.length} jobs`);
}

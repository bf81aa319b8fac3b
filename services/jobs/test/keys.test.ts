/** The life of a key, on two replicas of one database. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hashApiKey, newApiKey, ValidKey } from "@airlock/identity";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import * as z from "zod";
import { type JobsRig, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const database = await world.cluster.createDatabase();
const one = await startJobs(world, database);
const other = await startJobs(world, database);

const listKeys = (rig: JobsRig, key: string) => rig.ask("GET", "/v1/keys", { key });

for (const [name, authorization, code] of [
  ["no key", undefined, "api_key_missing"],
  ["another scheme", "Basic YTpi", "api_key_malformed"],
  ["a key that was cut off", `Bearer ${newApiKey().key.slice(0, -1)}`, "api_key_malformed"],
  ["a key nobody made", `Bearer ${newApiKey().key}`, "api_key_unknown"],
] as const) {
  test(`${name} is 401 ${code}`, async () => {
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await one.ask("GET", "/v1/jobs", { headers });
    assert.equal(answer.status, 401, JSON.stringify(answer.body));
    assert.equal(answer.body.code, code);
    assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/);
  });
}

test("a key that has expired by the database's clock is 403", async () => {
  const key = await one.login();
  await one.db.query(
    "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE key_hash = $1",
    [hashApiKey(key)],
  );
  const answer = await listKeys(one, key);
  assert.equal(answer.status, 403);
  assert.equal(answer.body.code, "api_key_expired");
});

test("a revoked key is refused on every replica within a second", async () => {
  const [key, victim] = [await one.login(), await one.login()];
  assert.equal((await listKeys(one, victim)).status, 200);
  assert.equal((await listKeys(other, victim)).status, 200);
  const revoked = await one.ask("DELETE", `/v1/keys/${victim.slice(0, 13)}`, { key });
  assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
  const since = performance.now();
  for (const rig of [one, other]) {
    while ((await listKeys(rig, victim)).status === 200) {
      assert.ok(performance.now() - since < 5000, "still let in");
      await sleep(10);
    }
    assert.equal((await listKeys(rig, victim)).body.code, "api_key_revoked");
  }
  const again = await one.ask("DELETE", `/v1/keys/${victim.slice(0, 13)}`, { key });
  assert.equal(again.status, 404);
  assert.equal(again.body.code, "api_key_not_found");
});

test("another user's key cannot be revoked", async () => {
  const [key, foreign] = [await one.login(), await one.login(KNOWN_SESSIONS.otherGpuUser)];
  const answer = await one.ask("DELETE", `/v1/keys/${foreign.slice(0, 13)}`, { key });
  assert.equal(answer.status, 404);
  assert.equal((await listKeys(one, foreign)).status, 200);
});

test("rotating ends the key that asked, and does not prolong the login", async () => {
  const key = await one.login();
  const hash = hashApiKey(key);
  await one.db.query(
    `UPDATE api_keys SET expires_at = now() + interval '10 minutes',
       login_expires_at = now() + interval '10 minutes' WHERE key_hash = $1`,
    [hash],
  );
  const rotated = await one.ask("POST", "/v1/keys/rotate", { key });
  assert.equal(rotated.status, 200, JSON.stringify(rotated.body));
  assert.notEqual(rotated.body.api_key, key);
  assert.ok(Date.parse(rotated.body.expires_at) < Date.now() + 11 * 60_000);
  assert.equal((await listKeys(one, key)).body.code, "api_key_revoked");
  assert.equal((await listKeys(other, rotated.body.api_key)).status, 200);
});

test("rotated twice at once on two replicas: one new key", async () => {
  const key = await one.login();
  const rotate = (rig: JobsRig) => rig.ask("POST", "/v1/keys/rotate", { key });
  const answers = await Promise.all([rotate(one), rotate(other), rotate(one), rotate(other)]);
  const good = answers.filter(({ status }) => status === 200);
  assert.equal(good.length, 1);
  const codes = answers.filter(({ status }) => status !== 200).map(({ body }) => body.code);
  assert.deepEqual(codes, ["api_key_revoked", "api_key_revoked", "api_key_revoked"]);
  assert.equal((await listKeys(other, good[0]?.body.api_key)).status, 200);
});

test("a rotation that is asked for again by its Idempotency-Key shows no key", async () => {
  const [key, second] = [await one.login(), await one.login()];
  const headers = { "idempotency-key": "rotate-once" };
  const rotated = await one.ask("POST", "/v1/keys/rotate", { key, headers });
  assert.equal(rotated.status, 200);
  const repeated = await one.ask("POST", "/v1/keys/rotate", { key: second, headers });
  assert.equal(repeated.status, 409, JSON.stringify(repeated.body));
  assert.equal(repeated.body.code, "answer_not_repeatable");
  const { rows } = await one.db.query("SELECT * FROM idempotency_keys");
  assert.ok(!JSON.stringify(rows).includes(rotated.body.api_key));
});

test("the key that a rotation ended opens the repeat of that rotation for a minute, and nothing else", async () => {
  const key = await one.login();
  const rotate = (rig: JobsRig, name?: string) =>
    rig.ask("POST", "/v1/keys/rotate", { key, headers: name ? { "idempotency-key": name } : {} });
  assert.equal((await rotate(one, "lost-answer")).status, 200);
  for (const rig of [one, other]) {
    const since = performance.now();
    while ((await listKeys(rig, key)).status === 200) {
      assert.ok(performance.now() - since < 5000, "still let in");
      await sleep(10);
    }
    const again = await rotate(rig, "lost-answer");
    assert.equal(again.status, 409, JSON.stringify(again.body));
    assert.equal(again.body.code, "answer_not_repeatable");
    for (const refused of [
      await rotate(rig),
      await rotate(rig, "another"),
      await listKeys(rig, key),
      await rig.ask("POST", "/v1/disks", {
        key,
        body: { disk_name: "stolen" },
        headers: { "idempotency-key": "lost-answer" },
      }),
    ]) {
      assert.equal(refused.status, 403, JSON.stringify(refused.body));
      assert.equal(refused.body.code, "api_key_revoked");
    }
  }
  for (const [table, column] of [
    ["api_keys", "revoked_at"],
    ["idempotency_keys", "created_at"],
  ]) {
    await one.db.query(`UPDATE ${table} SET ${column} = ${column} - interval '61 seconds'`);
  }
  assert.equal((await rotate(one, "lost-answer")).status, 403);
});

test("a key that was revoked by hand opens no repeat", async () => {
  const [key, second] = [await one.login(), await one.login()];
  const headers = { "idempotency-key": "by-the-second" };
  assert.equal((await one.ask("POST", "/v1/keys/rotate", { key: second, headers })).status, 200);
  await one.db.query("UPDATE api_keys SET revoked_at = now() WHERE key_hash = $1", [
    hashApiKey(key),
  ]);
  const answer = await one.ask("POST", "/v1/keys/rotate", { key, headers });
  assert.equal(answer.status, 403, JSON.stringify(answer.body));
});

test("the list shows prefixes and which key asked, never a key", async () => {
  await one.db.query("DELETE FROM api_keys");
  const key = await one.login();
  const { body } = await listKeys(one, key);
  assert.equal(body.total, 1);
  assert.equal(body.keys[0].key_prefix, key.slice(0, 13));
  assert.equal(body.keys[0].current, true);
  assert.ok(!JSON.stringify(body).includes(key));
});

test("the gateway learns the state of a key by its hash alone", async () => {
  const key = await one.login();
  const check = (key_hash: string, more: object = {}) =>
    one.ask("POST", "/internal/key-check?session=true", { body: { key_hash, ...more } });
  const valid = ValidKey.parse((await check(hashApiKey(key))).body);
  assert.deepEqual(
    [valid.username, valid.account, valid.role, valid.session],
    ["alice-example.com", "111122223333", "SSOCloudDevGpuReservation", "alice@example.com"],
  );
  assert.ok(valid.remaining_ms > 7_000_000);
  assert.deepEqual((await check(hashApiKey("nothing"))).body, { state: "unknown" });
  assert.equal((await check("nothing")).body.code, "invalid_body");
  const later = await check(hashApiKey(key), { added: "by a later gateway" });
  assert.equal(later.body.state, "valid", JSON.stringify(later.body));
});

/** How the gateway of the first release reads the answer. */
const FirstReader = z.strictObject({
  state: z.literal("valid"),
  user_id: z.int(),
  username: z.string(),
  account: z.string(),
  role: z.string(),
  key_prefix: z.string(),
  expires_at: z.iso.datetime({ offset: true }),
  remaining_ms: z.number().positive(),
});

test("a gateway of the first release, which takes no member more, can read the answer", async () => {
  const body = { key_hash: hashApiKey(await one.login()) };
  const answer = await one.ask("POST", "/internal/key-check", { body });
  assert.equal(FirstReader.parse(answer.body).username, "alice-example.com");
});

test("among 50,000 keys one costs one look-up by index cold, and none warm", async () => {
  const key = await one.login();
  await one.db.query(
    `INSERT INTO api_users (username, aws_account, aws_role, aws_session)
     VALUES ('many', '111122223333', 'SSOCloudDevGpuReservation', 'many')`,
  );
  // in pieces: one statement has three seconds
  for (let first = 1; first < 50_000; first += 5000) {
    await one.db.query(
      `INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at)
       SELECT user_id, encode(sha256(n::text::bytea), 'hex'), n, now() + '1 hour', now() + '1 hour'
       FROM api_users CROSS JOIN generate_series($1::integer, $2::integer) n
       WHERE username = 'many'`,
      [first, first + 4999],
    );
  }
  // the path is no job's, so nothing but the key is looked up
  const ask = () => one.ask("GET", "/v1/jobs/abc", { key });
  const keyQueries = () => one.statements.filter((sql) => sql.includes("FROM api_keys"));
  const before = keyQueries().length;
  const startedAt = performance.now();
  assert.equal((await ask()).body.code, "job_not_found");
  const [sql = "", ...more] = keyQueries().slice(before);
  assert.equal(more.length, 0);
  const plan = await one.db.query<{ "QUERY PLAN": string }>(
    `EXPLAIN ${sql.replace("$1", `'${hashApiKey(key)}'`)}`,
  );
  assert.match(JSON.stringify(plan.rows), /Index Scan using api_keys_key_hash/);
  const cold = keyQueries().length;
  await Promise.all(Array.from({ length: 50 }, ask));
  // each second that has passed is good for one more
  const seconds = Math.floor((performance.now() - startedAt) / 1000);
  assert.ok(keyQueries().length - cold <= seconds, "asked again while remembered");
});

test("when a key was used is noted beside the requests", async () => {
  const key = await other.login();
  await listKeys(other, key);
  await other.close();
  const { rows } = await one.db.query<{ last_used_at: Date | null }>(
    "SELECT last_used_at FROM api_keys WHERE key_hash = $1",
    [hashApiKey(key)],
  );
  assert.ok(rows[0]?.last_used_at);
});

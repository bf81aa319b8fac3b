/** The client that is out there, request by request: connect, edit, and all that it does with disks. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { call } from "./client.ts";
import { type Given, testGiven } from "./given.ts";
import {
  addUser,
  assertDisk,
  CANCEL,
  createDisk,
  DISABLE_JUPYTER,
  DISKS,
  deleteDisk,
  ENABLE_JUPYTER,
  listContent,
  renameDisk,
  replay,
  reserve,
  SHOW,
  SHOW_SHORT,
} from "./recorded-client.ts";
import { ok, poll, room, type Session } from "./seed-session.ts";

const { GITHUB_USER_WITH_KEYS: colleague } = process.env;
const withColleague: Given<Session> = {
  without: colleague ? room.without : "GITHUB_USER_WITH_KEYS names nobody whose keys are shown",
  find: async () => (colleague ? await room.find() : undefined),
};

async function box({ key, user }: Session, more: object = {}): Promise<string> {
  const id = randomUUID();
  const [, submit] = reserve(id, user, "demo", more);
  assert.ok(submit);
  await ok(key, submit);
  const job = await poll(key, SHOW, id, ({ status }) => ["active", "failed"].includes(status));
  assert.equal(job.status, "active", JSON.stringify(job));
  return id;
}
async function cancel({ key }: Session, ...ids: string[]): Promise<void> {
  for (const id of ids) await ok(key, CANCEL, id);
  for (const id of ids) await poll(key, SHOW, id, ({ status }) => status === "cancelled");
}

await testGiven("gpu-dev: connect", room, async (session) => {
  const id = await box(session);
  const { ssh_command } = await ok(session.key, SHOW, id);
  // it is run by a shell, with -A put in
  assert.match(ssh_command, /^ssh [-\w.:@[\] ]+$/);
  assert.match(ssh_command, /\S+@\S+/);
  await cancel(session, id);
});

await testGiven("gpu-dev: edit --enable-jupyter, --disable-jupyter", room, async (session) => {
  const { key } = session;
  const id = await box(session);
  const before = await ok(key, SHOW_SHORT, id);
  assert.ok(!before.jupyter_enabled && !before.jupyter_url);
  assert.equal((await ok(key, ENABLE_JUPYTER, id)).action, "enable_jupyter");
  const on = await poll(key, SHOW, id, (job) => job.jupyter_enabled && Boolean(job.jupyter_url));
  const url = new URL(on.jupyter_url ?? "");
  assert.match(url.searchParams.get("token") ?? "", /^\S{32,}$/);
  if (/^(127\.|localhost$)/.test(url.hostname)) {
    const status = async (address: string) => (await fetch(address)).status;
    assert.equal(await status(url.href), 200);
    assert.equal(await status(`${url.origin}${url.pathname}`), 403);
  }
  assert.equal((await ok(key, DISABLE_JUPYTER, id)).action, "disable_jupyter");
  await poll(key, SHOW, id, (job) => !job.jupyter_enabled && !job.jupyter_url);
  await cancel(session, id);
});

await testGiven("gpu-dev: edit --add-user", withColleague, async (session) => {
  const { key } = session;
  const id = await box(session);
  assert.deepEqual((await ok(key, SHOW, id)).secondary_users, []);
  assert.equal((await ok(key, addUser(colleague ?? ""), id)).action, "add_user");
  const job = await poll(
    key,
    SHOW_SHORT,
    id,
    ({ secondary_users, add_user_error }) =>
      secondary_users.includes(colleague ?? "") || add_user_error !== undefined,
  );
  assert.deepEqual(job.secondary_users, [colleague], job.add_user_error);
  await cancel(session, id);
});

interface Disk {
  readonly disk_name: string;
  readonly in_use: boolean;
  readonly reservation_id: string | null;
}

/** As the client waits for a change of a disk: by the list. */
async function pollDisk(key: string, name: string, isWanted: (disk?: Disk) => boolean) {
  for (const until = Date.now() + 180_000; ; await delay(300)) {
    const { disks } = (await ok(key, DISKS)) as { disks: Disk[] };
    for (const disk of disks) assertDisk(disk);
    const disk = disks.find(({ disk_name }) => disk_name === name);
    if (isWanted(disk)) return disk;
    assert.ok(Date.now() < until, JSON.stringify(disk));
  }
}

await testGiven(
  "gpu-dev: disk create, list, rename, list-content, delete; reserve --disk",
  room,
  async (session) => {
    const { key } = session;
    const name = `home-${randomUUID().slice(0, 8)}`;
    const { operation_id } = await ok(key, createDisk(name));
    await pollDisk(key, name, (disk) => disk !== undefined);
    const operation = { method: "GET", path: `/v1/disks/${name}/operations/${operation_id}` };
    for (const until = Date.now() + 180_000; ; await delay(300)) {
      const { status, completed, error } = await ok(key, operation);
      if (completed) {
        assert.equal(status, "completed", error);
        break;
      }
      assert.ok(Date.now() < until, status);
    }
    // it looks for the name before it asks for a box with it
    const first = await box(session, { disk_name: name });
    const used = await pollDisk(key, name, (disk) => disk?.in_use === true);
    assert.equal(used?.reservation_id, first);
    const second = randomUUID();
    const [, submit] = reserve(second, session.user, "demo", { disk_name: name });
    assert.ok(submit);
    await ok(key, submit);
    const waits = await poll(key, SHOW, second, (job) =>
      /disk/.test(job.current_detailed_status ?? ""),
    );
    assert.equal(waits.status, "queued");
    assert.ok(waits.current_detailed_status?.includes(first.slice(0, 8)), JSON.stringify(waits));
    for (const change of [renameDisk(name, `${name}-b`), deleteDisk(name)]) {
      const refused = await replay(key, change);
      assert.equal(refused.status, 409);
      assert.match(refused.body.detail, /in use/);
    }
    await cancel(session, second, first);
    await pollDisk(key, name, (disk) => disk?.in_use === false);
    await ok(key, listContent(name));
    const renamed = await ok(key, renameDisk(name, `${name}-b`));
    assert.deepEqual([renamed.old_name, renamed.new_name], [name, `${name}-b`]);
    await pollDisk(key, `${name}-b`, (disk) => disk !== undefined);
    await ok(key, deleteDisk(`${name}-b`));
    await pollDisk(key, `${name}-b`, (disk) => disk === undefined);
  },
);

await testGiven("a disk keeps a file from one job to the next", room, async (session) => {
  const { key, user } = session;
  const disk_name = `kept-${randomUUID().slice(0, 8)}`;
  const words = randomUUID();
  const run = async (command: string): Promise<string> => {
    const id = randomUUID();
    const [, submit] = reserve(id, user, "demo", { disk_name, command });
    assert.ok(submit);
    await ok(key, submit);
    const job = await poll(key, SHOW, id, ({ status }) => /completed|failed/.test(status));
    assert.equal(job.status, "completed", JSON.stringify(job));
    const authorization = `Bearer ${key}`;
    return (await call(`/v1/jobs/${id}/logs`, "GET", { authorization })).text;
  };
  await run(`echo ${words} > "$HOME/marker"`);
  assert.ok((await run('cat "$HOME/marker"')).includes(`${words}\n`));
  await ok(key, deleteDisk(disk_name));
});

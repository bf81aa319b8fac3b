/** `gpu-dev disk …`: snapshots, copies, growth and content, as people and as programs see them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "../src/api/transport.ts";
import { gpuDev, type Played, playing, quickClock, temporaryHome } from "./harness.ts";

const ID = "3f2a91bc-0000-4000-8000-000000000001";
const OTHER = "3f2a0000-0000-4000-8000-000000000002";
const OPERATION = "00000000-0000-4000-8000-00000000000f";
const KEY = { GPU_DEV_API_KEY: `gpud_${"k".repeat(49)}` };

const SNAPSHOT = {
  snapshot_id: ID,
  state: "ready",
  reason: "job",
  reservation_id: "1a2b3c4d-0000-4000-8000-000000000003",
  size_gb: 100,
  created_at: "2026-01-15T11:00:00Z",
  ready_at: "2026-01-15T11:01:00Z",
  error: null as string | null,
  has_content: true,
};
const FAILED = {
  ...SNAPSHOT,
  snapshot_id: OTHER,
  state: "failed",
  reason: "asked",
  reservation_id: null,
  ready_at: null,
  error: "no\u001b[31m room",
};
const DISK = {
  disk_id: ID,
  disk_name: "data",
  user_id: "alice",
  state: "attached",
  size_gb: 100,
  disk_size: "1.2G" as string | null,
  created_at: "2026-01-14T12:00:00Z",
  last_used: "2026-01-15T11:00:00Z",
  in_use: true,
  reservation_id: "1a2b3c4d-0000-4000-8000-000000000003",
  is_backing_up: false,
  is_deleted: false,
  snapshot_count: 1,
  last_snapshot_at: "2026-01-15T11:00:00Z",
  warning: null as string | null,
};

const operation = (action: string, status: string, more: object = {}) => ({
  operation_id: OPERATION,
  disk_name: "data",
  action,
  status,
  error: null,
  snapshot_id: null,
  is_deleted: false,
  delete_date: null,
  created_at: "2026-01-15T12:00:00Z",
  last_updated: "2026-01-15T12:00:00Z",
  completed: status === "completed" || status === "failed",
  ...more,
});

/** A service that has each operation done at the third look. */
function service(answers: Readonly<Record<string, object>>, end: object = {}) {
  const asked: Exchange[] = [];
  let looks = 0;
  const api: Played = ({ method, path, body }) => {
    if (path.includes("/operations/")) {
      if (looks++ === 0) return { status: 503, body: { detail: "It starts." } };
      return {
        body: operation("snapshot", looks < 4 ? "running" : "completed", looks < 4 ? {} : end),
      };
    }
    const answer = answers[`${method} ${path}`];
    if (answer !== undefined) return { body: answer };
    if (method === "GET") return { status: 404, body: { detail: "None.", code: "disk_not_found" } };
    const { disk_name: name = "data" } = (body ?? {}) as { disk_name?: string };
    return { body: { operation_id: OPERATION, disk_name: name, message: "Asked for." } };
  };
  const changes = () =>
    asked.flatMap(({ method, path, body }) => (method === "GET" ? [] : [[method, path, body]]));
  return { transport: playing(api, asked), changes };
}

const LIST = { "GET /v1/disks/data/snapshots": { snapshots: [SNAPSHOT, FAILED], total: 2 } };

test("changes of a disk are asked for and followed to their end, through a restart of the service", async (t) => {
  const home = await temporaryHome(t);
  const cases: readonly (readonly [string, readonly unknown[], RegExp, object?])[] = [
    [
      "disk snapshot data",
      ["POST", "/v1/disks/data/snapshots", undefined],
      /^Snapshot 3f2a91bc of disk data is ready\.\n$/,
      { snapshot_id: ID },
    ],
    [
      "disk resize data 200",
      ["POST", "/v1/disks/data/resize", { size_gb: 200 }],
      /^Disk data has 200 GB now\.\n$/,
    ],
    [
      "disk clone data copy",
      ["POST", "/v1/disks", { disk_name: "copy", from: { disk: "data" } }],
      /^Disk copy is a copy of disk data\.\n$/,
    ],
    [
      "disk clone data copy --snapshot 3F2A9 --size 300GB",
      [
        "POST",
        "/v1/disks",
        { disk_name: "copy", size_gb: 300, from: { disk: "data", snapshot: ID } },
      ],
      /^Disk copy is a copy of snapshot 3f2a91bc of disk data\.\n$/,
    ],
  ];
  for (const [words, wanted, said, end] of cases) {
    const { transport, changes } = service(LIST, end);
    const options = { home, env: KEY, transport, clock: quickClock() };
    const { code, out, err } = await gpuDev(words.split(" "), options);
    assert.equal(code, 0, err);
    assert.match(err, said);
    assert.equal(out, "");
    assert.deepEqual(changes(), [wanted]);
  }
  const { transport } = service(LIST);
  const asked = await gpuDev(["disk", "snapshot", "data", "--json"], {
    ...{ home, env: KEY, transport, clock: quickClock() },
  });
  assert.equal(asked.json.status, "completed");
  const { transport: other } = service(LIST);
  const sent = await gpuDev(["disk", "resize", "data", "200", "--no-wait"], {
    ...{ home, env: KEY, transport: other },
  });
  assert.deepEqual([sent.code, sent.err], [0, "Asked for.\n"]);
});

test("a change that nobody waits for any more goes on, and where to look is told", async (t) => {
  const home = await temporaryHome(t);
  const interrupted = new AbortController();
  const { code, err } = await gpuDev(["disk", "snapshot", "data"], {
    ...{ home, env: KEY, clock: quickClock(), signal: interrupted.signal },
    api({ method }) {
      if (method === "POST") {
        return { body: { operation_id: OPERATION, disk_name: "data", message: "Asked for." } };
      }
      interrupted.abort();
      return { body: operation("snapshot", "running") };
    },
  });
  assert.deepEqual(
    [code, err],
    [130, "Not waiting any more; it goes on. gpu-dev disk snapshots data\n"],
  );
});

test("a change that fails, or takes too long, says so and what to look at", async (t) => {
  const home = await temporaryHome(t);
  const run = (status: string, error: string | null) =>
    gpuDev(["disk", "snapshot", "data"], {
      home,
      env: KEY,
      clock: quickClock(),
      api: ({ method }) =>
        method === "GET"
          ? { body: operation("snapshot", status, { error }) }
          : { body: { operation_id: OPERATION, disk_name: "data", message: "Asked for." } },
    });
  const failed = await run("failed", "This cluster\u001b[2J knows no snapshots.");
  assert.deepEqual(
    [failed.code, failed.err],
    [1, "error: The snapshot of disk data has failed: This cluster knows no snapshots.\n"],
  );
  const slow = await run("running", null);
  assert.equal(slow.code, 1);
  assert.match(slow.err, /not done yet\.\n {2}gpu-dev disk snapshots data\n$/);
});

test("snapshots are listed for people and for programs", async (t) => {
  const home = await temporaryHome(t);
  const run = (words: string, more: object = {}) => {
    const { transport } = service(LIST);
    return gpuDev(words.split(" "), { home, env: KEY, transport, clock: quickClock(), ...more });
  };
  const { out } = await run("disk snapshots data", { columns: 100 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken out
  const lines = out.replaceAll(/\u001b\[\d+m/g, "").split("\n");
  assert.deepEqual(lines, [
    "SNAPSHOT  STATE    GB  MADE     WHY                  TROUBLE",
    "3f2a91bc  ready   100  1 h ago  end of job 1a2b3c4d  -",
    "3f2a0000  failed  100  1 h ago  asked for            no room",
    "",
  ]);
  assert.equal((await run("disk snapshots data --json")).json.total, 2);
  const none = await run("disk snapshots nobodys", { columns: 100 });
  assert.equal(none.code, 5);
});

test("a snapshot is named by the beginning of its id, and by nothing that others have too", async (t) => {
  const home = await temporaryHome(t);
  const run = (id: string) => {
    const { transport, changes } = service(LIST);
    const words = ["disk", "clone", "data", "copy", "--snapshot", id];
    return { ran: gpuDev(words, { home, env: KEY, transport, clock: quickClock() }), changes };
  };
  for (const [id, code, words] of [
    ["3f2a", 2, /2 snapshots of disk data begin with 3f2a/],
    ["9", 5, /Disk data has no snapshot "9"[\s\S]*gpu-dev disk snapshots data/],
  ] as const) {
    const { ran, changes } = run(id);
    const { code: ended, err } = await ran;
    assert.equal(ended, code, err);
    assert.match(err, words);
    assert.deepEqual(changes(), []);
  }
});

test("what is no size asks nobody", async (t) => {
  const home = await temporaryHome(t);
  for (const words of ["disk resize data ten", "disk resize data 0", "disk clone a b --size 1.5"]) {
    const { transport, changes } = service({});
    const { code, err } = await gpuDev(words.split(" "), { home, env: KEY, transport });
    assert.equal(code, 2, words);
    assert.match(err, /is a number of GB/);
    assert.deepEqual(changes(), []);
  }
});

test("the content of a disk is shown as it is, but for what would move a terminal's cursor", async (t) => {
  const home = await temporaryHome(t);
  const run = (content: object, more: object = {}) => {
    const body = {
      disk_name: "data",
      s3_path: null,
      snapshot_date: null,
      message: null,
      ...content,
    };
    const { transport } = service({ "GET /v1/disks/data/content": body });
    const words = ["disk", "content", "data"];
    return gpuDev(words, { home, env: KEY, transport, clock: quickClock(), ...more });
  };
  const listing = "1.2G\n\n1.0G\t./models\n\n./a\u001b[2J\u001b]0;x\u0007b\r\n./\u202ec\n";
  const told = await run({ content: listing, snapshot_date: "2026-01-15T11:00:00Z" });
  assert.equal(told.out, "1.2G\n\n1.0G\t./models\n\n./ab\n./c\n");
  assert.match(told.err, /^As of 2026-01-15 \d\d:00:00, 1 h ago:\n$/);
  const none = await run({ content: null, message: "No snapshot of it was read yet." });
  assert.deepEqual([none.code, none.out], [0, ""]);
  assert.equal(none.err, "No snapshot of it was read yet.\n");
});

test("disks are shown with their state, what is used of them, and what is wrong", async (t) => {
  const home = await temporaryHome(t);
  const warned = {
    ...DISK,
    ...{ disk_name: "old", state: "ready", in_use: false, reservation_id: null, disk_size: null },
    warning: "The newest snapshot failed: no room.",
  };
  const deleted = { ...warned, state: "deleted", is_deleted: true, delete_date: "2026-02-14" };
  const { transport } = service({
    "GET /v1/disks?deleted=true": { disks: [DISK, deleted], total: 2 },
    "GET /v1/disks": { disks: [DISK, warned], total: 2 },
    "GET /v1/disks/old": warned,
  });
  const options = { home, env: KEY, transport, clock: quickClock() };
  const list = await gpuDev(["disk", "list"], { ...options, columns: 120 });
  assert.equal(
    list.out,
    [
      "DISK   GB  USED  STATE   JOB       SNAPSHOTS  LAST JOB  MADE",
      "data  100  1.2G  in use  1a2b3c4d          1  1 h ago   1 d ago",
      "old   100     -  free    -                 1  1 h ago   1 d ago",
      "old: The newest snapshot failed: no room.",
      "",
    ].join("\n"),
  );
  const gone = await gpuDev(["disk", "list", "--deleted"], options);
  assert.match(gone.out, /^DISK .*\nold .* deleted until 2026-02-14 .*\n$/);
  assert.equal((await gpuDev(["disk", "list", "--deleted", "--json"], options)).json.total, 1);
  const show = await gpuDev(["disk", "show", "old"], options);
  assert.match(show.out, /\nsnapshots +1, the newest 1 h ago\nwarning +The newest snapshot failed/);
});

/** Volumes are folders: the home of whoever mounts one, kept from pod to pod and from run to run, gone with their claims. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, hasEnded, start } from "./harness.ts";

const CLAIM = {
  metadata: { name: "data" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};
const mounting = {
  container: { volumeMounts: [{ name: "home", mountPath: "/home/dev" }] },
  spec: { volumes: [{ name: "home", persistentVolumeClaim: { claimName: "data" } }] },
};

test("what a pod leaves on a volume the next one finds, also after a restart; with the claim it goes", async (t) => {
  const volumesFolder = mkdtempSync(join(tmpdir(), "airlock-volumes-"));
  t.after(() => rmSync(volumesFolder, { recursive: true, force: true }));
  const options = { volumesFolder };
  const run = async (script: string, stand: Awaited<ReturnType<typeof start>>, name: string) => {
    await stand.run(name, script, mounting.container, mounting.spec);
    const { status } = await stand.until(name, hasEnded);
    return { phase: status.phase, log: await stand.log(name) };
  };
  const first = await start(t, options);
  const made = await first.call("POST", "/namespaces/jobs/persistentvolumeclaims", CLAIM);
  assert.equal(made.status, 201);
  await run('echo kept > "$HOME/file"; pwd', first, "one");
  assert.match((await run('cat "$HOME/file"', first, "two")).log, /\nkept\n$/);
  await first.local.close();

  const second = await start(t, options);
  const again = await second.call("GET", "/namespaces/jobs/persistentvolumeclaims/data");
  assert.equal(again.body.metadata.uid, made.body.metadata.uid);
  assert.equal(again.body.status.phase, "Bound");
  assert.match((await run("cat file", second, "three")).log, /\nkept\n$/);
  const place = join(volumesFolder, "jobs_data");
  assert.ok(existsSync(place));
  await second.call("DELETE", "/namespaces/jobs/persistentvolumeclaims/data", {});
  await eventually(async () => (existsSync(place) ? undefined : true));
});

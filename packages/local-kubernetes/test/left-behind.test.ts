/** Nothing of a pod outlives the process that plays its node, however that ends. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { eventually, isAlive } from "./harness.ts";

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  test(`nothing is left of a pod after ${signal}`, async (t) => {
    const program = new URL("left-behind.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, ["--conditions=airlock-source", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    let said = "";
    for await (const part of child.stdout.setEncoding("utf8")) {
      said += part;
      if (said.includes("END")) break;
    }
    const pids = (/^pids (.+)$/m.exec(said)?.[1] ?? "").split(" ").map(Number);
    const home = /^(\/.+\/home)$/m.exec(said)?.[1] ?? "";
    assert.equal(pids.length, 2, said);
    assert.ok(pids.every(isAlive));
    child.kill(signal);
    await once(child, "exit");
    await eventually(async () => (pids.some(isAlive) ? undefined : true));
    // the folder goes as well
    await eventually(async () => (existsSync(dirname(home)) ? undefined : true));
  });
}

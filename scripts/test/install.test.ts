/** What pnpm is told about this checkout. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ROOT } from "./harness.ts";

test("pnpm is told the Node that is installed, so that it does not warn of the one it runs on", async () => {
  const workspace = await readFile(`${ROOT}/pnpm-workspace.yaml`, "utf8");
  const lockfile = await readFile(`${ROOT}/pnpm-lock.yaml`, "utf8");
  const told = /^nodeVersion: (\S+)$/m.exec(workspace)?.[1];
  const installed = /^ {6}node:\n {8}specifier: .*\n {8}version: (\S+)$/m.exec(lockfile)?.[1];
  assert.ok(installed, "the lockfile names a node");
  assert.equal(told, installed);
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { freePort } from "../src/rig/free-port.ts";

const MODULE = new URL("../src/rig/free-port.ts", import.meta.url).href;

test("processes that look from the same place on are given ports of slices of their own", async () => {
  const mine = [await freePort(), await freePort()];
  const alike = `Object.defineProperty(process, "pid", { value: ${process.pid} });
    const { freePort } = await import("${MODULE}");
    console.log(JSON.stringify([await freePort(), await freePort()]));`;
  const look = async (): Promise<number[]> => {
    const run = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", alike]);
    return JSON.parse(run.stdout);
  };
  const ports = [...mine, ...(await look())];
  assert.equal(new Set(ports).size, 4);
  assert.equal(new Set(ports.map((port) => Math.floor(port / 100))).size, 2);
});

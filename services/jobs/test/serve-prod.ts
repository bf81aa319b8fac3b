/** Serves what `prod.ts` starts to programs of other languages, at the address on stderr, until its standard input ends. */
import { once } from "node:events";
import { test } from "node:test";
import { startWorld } from "./harness.ts";
import { startProd } from "./prod.ts";

const world = await startWorld();

test("serves", async (t) => {
  const { url } = await startProd(t, world, await world.cluster.createDatabase());
  process.stderr.write(`${url}\n`);
  await once(process.stdin.resume(), "end");
});

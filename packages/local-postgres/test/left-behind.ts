// A process that starts a server and ends in the way its argument names; for left-behind.test.ts.
import { startTestCluster } from "../src/index.ts";

const cluster = await startTestCluster();
process.stdout.write(`${await cluster.createDatabase()}\n`);
const [way] = process.argv.slice(2);
process.stdin.once("data", () => {
  if (way === "throws") throw new Error("on purpose");
  if (way === "killed") process.kill(process.pid, "SIGKILL");
  // nothing is left to do, and nobody has stopped the cluster
  process.stdin.destroy();
});

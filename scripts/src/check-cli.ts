/** `pnpm check:cli`: the package of gpu-dev as users install it, how quickly it starts, and logins and an application in Python. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPackage } from "./check-cli/install-package.ts";
import { runPythonFollow } from "./check-cli/python-follow.ts";
import { runPythonLogins } from "./check-cli/python-login.ts";
import { measureStarts } from "./check-cli/start-times.ts";

const say = (text: string) => process.stdout.write(`${text}\n`);
const folder = await mkdtemp(join(tmpdir(), "airlock-check-cli-"));
let isFine = true;
try {
  const bundle = await installPackage(folder, say);
  if (bundle !== undefined) {
    const { AIRLOCK_NODES = "" } = process.env;
    // further ones than this, such as a Node 22
    const nodes = [process.execPath, ...AIRLOCK_NODES.split(":").filter((path) => path !== "")];
    for (const node of nodes)
      isFine = (await measureStarts({ node, bundle, folder, say })) && isFine;
  }
  isFine = (await runPythonFollow(folder, say)) && isFine;
  isFine = (await runPythonLogins({ folder, say, bundle })) && isFine;
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
say(isFine ? "\nno fault" : "\nfaults were found");
process.exitCode = isFine ? 0 : 1;

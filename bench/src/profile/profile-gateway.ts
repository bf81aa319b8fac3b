/** A CPU profile of the gateway under one load, summed up by area. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { type Case, CONNECTIONS } from "../cases.ts";
import { startLoad } from "../load/load.ts";
import { startGateway } from "../proxies/gateway.ts";
import { REPOSITORY } from "../repository.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { readProfile, summarise } from "./summary.ts";

const WARM_UP_MS = 8000;
const DURATION_MS = 10_000;

/** @param file where the profile goes, for a viewer. Returns the summary as Markdown tables. */
export async function profileGateway(file: string, what: Case): Promise<string> {
  const directory = temporaryDirectory();
  const load = await startLoad();
  try {
    const { port, prefix, child } = await startGateway({
      name: "gateway",
      root: REPOSITORY,
      upstreamPort: load.upstreamPort,
      directory,
      nodeOptions: [
        "--cpu-prof",
        `--cpu-prof-dir=${directory}`,
        "--cpu-prof-name=gateway.cpuprofile",
      ],
    });
    try {
      for (const durationMs of [WARM_UP_MS, DURATION_MS]) {
        await load.run({ port, prefix, what, durationMs, connections: CONNECTIONS });
      }
    } finally {
      await child.stop(); // the profile is written at exit
    }
    copyFileSync(join(directory, "gateway.cpuprofile"), file);
    return summarise(readProfile(file), DURATION_MS);
  } finally {
    await load.stop();
  }
}

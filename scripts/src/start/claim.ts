/** What a run needs for itself alone, or says in one line how to get: ports, and its part of what is kept. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { InUseError } from "@airlock/folder-lock";
import { probe } from "./child.ts";
import { type DataFolder, openDataFolder, type Part } from "./data-folder.ts";
import { path } from "./environment.ts";
import { hasDatabase, hasStandIn, type StartOptions } from "./options.ts";
import { planProcesses, standInHealth } from "./plan.ts";
import { findTakenPorts, type Ports, readPorts } from "./ports.ts";
import { shellWord } from "./shell-words.ts";

export interface Claim {
  readonly ports: Ports;
  /** The stand-in of another run is used, as one service beside others does. */
  readonly standInIsThere: boolean;
  /** Where runs keep what they keep; it may be relative. */
  readonly place: string;
  /** Undefined for a run that keeps nothing. */
  readonly folder: DataFolder | undefined;
}

export interface ClaimOptions {
  readonly options: StartOptions;
  readonly shell: NodeJS.ProcessEnv;
  /** How the run was called. */
  readonly again: string;
}

/** For another run, which has the stand-in's data already, to bring the stand-in up. */
const STAND_IN_LIMIT_MS = 10_000;
const STAND_IN_POLL_MS = 100;

/** @throws Error that names what is missing, with a line that needs nothing of it. */
export async function claim({ options, shell, again }: ClaimOptions): Promise<Claim> {
  const ports = readPorts(shell);
  const place = shell.DATA_FOLDER || path(".airlock");
  const { folder, standInIsThere } = await claimFolder(options, ports, place).catch(
    async (error) => {
      if (!(error instanceof InUseError)) throw error;
      const found = await findTakenPorts(portsOf(options, ports, false), shell);
      const other = await freePlace(shell.DATA_FOLDER || ".airlock", partsOf(options));
      const moved = `DATA_FOLDER=${shellWord(other)} ${moving(found?.offset)}${again}`;
      throw new Error(`${error.message}. Stop that, or run beside it:\n  ${moved}`);
    },
  );
  const found = await findTakenPorts(portsOf(options, ports, standInIsThere), shell);
  if (!found) return { ports, standInIsThere, place, folder };
  await folder?.close();
  const { taken, offset } = found;
  const which = taken.length === 1 ? `Port ${taken[0]} is` : `Ports ${taken.join(", ")} are`;
  const line = offset === undefined ? "" : `, or move all ports:\n  ${moving(offset)}${again}`;
  throw new Error(`${which} taken. Stop what listens there${line}`);
}

async function claimFolder(options: StartOptions, ports: Ports, place: string) {
  const parts = partsOf(options);
  if (parts.length === 0) return { folder: undefined, standInIsThere: false };
  const isBesideOthers = options.only === "aux" || options.only === "jobs";
  const end = performance.now() + STAND_IN_LIMIT_MS;
  for (;;) {
    const standInIsThere =
      isBesideOthers && hasStandIn(options) && (await probe(standInHealth(ports))) === "200";
    const own = standInIsThere ? parts.filter((part) => part !== "aws") : parts;
    try {
      return { folder: await openDataFolder(place, own), standInIsThere };
    } catch (error) {
      const isComing = error instanceof InUseError && error.part === "aws" && isBesideOthers;
      if (!isComing || performance.now() > end) throw error;
      await sleep(STAND_IN_POLL_MS);
    }
  }
}

const partsOf = (options: StartOptions): Part[] => [
  ...(hasStandIn(options) ? ["aws" as const] : []),
  ...(hasDatabase(options) ? ["jobs" as const] : []),
];

function portsOf(options: StartOptions, ports: Ports, standInIsThere: boolean): number[] {
  const specs = planProcesses(options, { ports, shell: {}, standInIsThere });
  const names = specs.flatMap((spec) => spec.ports);
  return [...names, ...(hasDatabase(options) ? ["DATABASE_PORT" as const] : [])].map(
    (name) => ports[name],
  );
}

const moving = (offset: number | undefined): string =>
  offset === undefined ? "" : `PORT_OFFSET=${offset} `;

/** The name of a folder like this one, with a number, whose parts nobody has. */
async function freePlace(place: string, parts: readonly Part[]): Promise<string> {
  const bare = place.replace(/\/+$/, "");
  for (let number = 2; ; number++) {
    const other = `${bare}-${number}`;
    if (!existsSync(other)) return other;
    const folder = await openDataFolder(other, parts).catch(() => undefined);
    await folder?.close();
    if (folder) return other;
  }
}

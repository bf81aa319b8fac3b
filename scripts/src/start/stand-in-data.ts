/** Where the stand-in keeps values and objects, and what it begins with. */
import { join, resolve } from "node:path";
import { emptyStoreFolder, isKeptIn } from "@airlock/local-aws";
import type { DataFolder } from "./data-folder.ts";
import type { StartOptions } from "./options.ts";
import type { Output } from "./output.ts";

export interface StandInData {
  readonly folder: string;
  readonly seed?: string | undefined;
}

/** @throws Error that says which process uses the folder that is to be emptied. */
export async function openStandInData(
  { path }: DataFolder,
  { reset, seed }: StartOptions,
  { tell }: Output,
): Promise<StandInData> {
  const folder = join(path, "local-aws");
  if (reset) await emptyStoreFolder(folder);
  if (seed === undefined) return { folder };
  if (isKeptIn(folder)) {
    tell("values and objects are there already; --seed fills an empty run alone: add --reset");
  }
  return { folder, seed: resolve(seed) };
}

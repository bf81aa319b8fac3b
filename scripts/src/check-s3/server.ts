/** A server of S3 that the check starts for itself. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Children } from "../acceptance/children.ts";
import type { Exceptions } from "./run-tests.ts";

export interface S3Server {
  readonly name: string;
  /** All must be on this machine. */
  readonly programs: readonly string[];
  /** What it cannot, by the name of the test. */
  readonly exceptions: Exceptions;
  /** @param folder an empty one, which goes with it. */
  start(children: Children, folder: string, region: string): Promise<RunningS3>;
}

export interface RunningS3 {
  readonly endpoint: string;
  readonly version: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The first of the programs that is not on this machine. */
export function absentOf(programs: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const isThere = (name: string) => folders.some((folder) => existsSync(path.join(folder, name)));
  return programs.find((name) => !isThere(name));
}

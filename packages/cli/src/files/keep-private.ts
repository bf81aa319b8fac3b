/** Secrets that others could read are closed to them when they are used, and that is told. */
import type { Output } from "../output/output.ts";
import type { Home } from "./home.ts";
import { closeToOthers } from "./private-file.ts";

const WRITE = 0o022;

/**
 * @param path of a file in `~/.gpu-dev`.
 * @returns false where the file system knows no owners, and others can read it still.
 */
export async function keepPrivate(
  path: string,
  home: Home,
  output: Pick<Output, "note">,
): Promise<boolean> {
  const file = await closeToOthers(path);
  const folder = await closeToOthers(home.private);
  // in a folder that they may write to they can put another file in its place
  const isNews = (file.had & ~file.have) !== 0 || (folder.had & ~folder.have & WRITE) !== 0;
  if (isNews) output.note(`Others could read or replace ${path}; it is yours alone now.`);
  return file.have === 0 && folder.have === 0;
}

/** What a change of files is to the processes of a run. */
import { foldersOf, readPackages } from "./package-graph.ts";

export interface Affected<Name extends string> {
  /** The processes to restart, in the order of the run. */
  readonly names: readonly Name[];
  /** The files that they are made of. */
  readonly files: readonly string[];
  /** The files that only the run itself is made of. */
  readonly ofRun: readonly string[];
}

const RUN = "scripts";
const OF_RUN = /^scripts\/src\/start[./]/;
/** `packages/http/src/server.ts` → `packages/http`; a file that only tests and documents have is of none. */
const IN_PACKAGE = /^(scripts|(?:packages|services)\/[^/]+)\/(?:package\.json$|src\/|migrations\/)/;

/**
 * @param root the checkout: packages are read anew, as a change may be one of theirs.
 * @param processes with their entries, such as `services/aux/src/main.ts`.
 * @param changed relative paths.
 */
export async function affectedBy<Name extends string>(
  root: string,
  processes: readonly { readonly name: Name; readonly entry: string; readonly loads?: string }[],
  changed: readonly string[],
): Promise<Affected<Name>> {
  const packages = await readPackages(root);
  const made = processes.map(({ name, entry, loads = entry }) => {
    const folder = IN_PACKAGE.exec(loads)?.[1] ?? "";
    return { name, folders: foldersOf(folder, packages) };
  });
  const folderOf = (file: string) => IN_PACKAGE.exec(file)?.[1] ?? "";
  const isOf = ({ folders }: (typeof made)[number]) =>
    changed.some((file) => folders.has(folderOf(file)));
  const files = changed.filter((file) => made.some(({ folders }) => folders.has(folderOf(file))));
  const run = foldersOf(RUN, packages);
  return {
    names: made.filter(isOf).map(({ name }) => name),
    files,
    ofRun: changed.filter((file) => {
      const isRuns = folderOf(file) === RUN ? OF_RUN.test(file) : run.has(folderOf(file));
      return isRuns && !files.includes(file);
    }),
  };
}

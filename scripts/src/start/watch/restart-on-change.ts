/** Restarts the processes that are made of what has changed, and says which and why. */
import type { Output } from "../output.ts";
import type { ProcessSpec } from "../plan.ts";
import type { Processes } from "../processes.ts";
import { affectedBy } from "./affected.ts";
import { type SourceWatch, watchSources } from "./watch-sources.ts";

export interface RestartOptions {
  /** The checkout. */
  readonly root: string;
  readonly specs: readonly ProcessSpec[];
  readonly processes: Processes;
  readonly output: Output;
  /** Brings the database to a schema that has changed; undefined without one. */
  readonly migrate?: (() => Promise<void>) | undefined;
}

const MIGRATION = /^packages\/jobs-store\/migrations\/.*\.sql$/;
const SHOWN_FILES = 3;

export function restartOnChange(options: RestartOptions): Promise<SourceWatch> {
  const { root, specs, processes, output, migrate } = options;
  const onChange = async (changed: readonly string[]) => {
    const { names: made, files, ofRun } = await affectedBy(root, specs, changed);
    const names = specs
      .filter(({ name, leansOn }) => made.includes(name) || (leansOn && made.includes(leansOn)))
      .map(({ name }) => name);
    if (ofRun.length > 0) {
      output.tell(`${briefly(ofRun)}: start anew to have that, it is of the run itself`, {
        files: ofRun,
      });
    }
    if (names.length === 0 || processes.isStopping) return;
    output.tell(`${briefly(files)}: restarting ${names.join(", ")}`, { restarting: names, files });
    if (files.some((file) => MIGRATION.test(file))) await migrate?.();
    await processes.restart(names);
  };
  return watchSources({
    root,
    onChange: (changed) => {
      onChange(changed).catch((error: Error) => output.complain(error.message));
    },
  });
}

/** The first few of them, and how many more. */
function briefly(files: readonly string[]): string {
  const more = files.length - SHOWN_FILES;
  const shown = files.slice(0, SHOWN_FILES).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** Restarts the processes that are made of what has changed, and says which and why. */
import { isAbsolute, resolve } from "node:path";
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
    // one that runs reads them itself, where it can: its answer to a file that was wrong was to end
    const down = processes.down();
    const given = changed.filter((file) => isAbsolute(file));
    const isWaiting = (spec: ProcessSpec) =>
      down.includes(spec.name) && filesGivenTo(spec).some((file) => given.includes(file));
    const names = specs
      .filter((spec) => made.includes(spec.name) || isLeaning(spec, made) || isWaiting(spec))
      .map(({ name }) => name);
    if (ofRun.length > 0) {
      output.tell(`${briefly(ofRun)}: start anew to have that, it is of the run itself`, {
        files: ofRun,
      });
    }
    if (names.length === 0 || processes.isStopping) return;
    const because = files.length > 0 ? files : given;
    const which = names.join(", ");
    output.tell(`${briefly(because)}: restarting ${which}`, { restarting: names, files: because });
    if (files.some((file) => MIGRATION.test(file))) await migrate?.();
    await processes.restart(names);
  };
  return watchSources({
    root,
    more: [...new Set(specs.flatMap(filesGivenTo))],
    onChange: (changed) => {
      onChange(changed).catch((error: Error) => output.complain(error.message));
    },
  });
}

/** By its settings, such as an access policy. */
const filesGivenTo = ({ env }: ProcessSpec): string[] =>
  Object.entries(env).flatMap(([name, file]) => (name.endsWith("_FILE") ? [resolve(file)] : []));

const isLeaning = ({ leansOn }: ProcessSpec, names: readonly string[]): boolean =>
  leansOn !== undefined && names.includes(leansOn);

/** The first few of them, and how many more. */
function briefly(files: readonly string[]): string {
  const more = files.length - SHOWN_FILES;
  const shown = files.slice(0, SHOWN_FILES).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}

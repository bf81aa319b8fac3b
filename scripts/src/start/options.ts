/** What a run is asked for on its command line. */
import { parseArgs } from "node:util";

const TARGETS = ["all", "pair", "aux", "jobs", "processor", "gateway"] as const;

export interface StartOptions {
  readonly only: (typeof TARGETS)[number];
  /** Restart a service when its code changes. */
  readonly watch: boolean;
  readonly useRealAws: boolean;
  readonly layerAuth: boolean;
  /** Empty what is kept first: the database, and the values and objects of the stand-in. */
  readonly reset: boolean;
  /** A folder of values and objects that an empty stand-in begins with. */
  readonly seed?: string | undefined;
}

/**
 * @returns undefined when help is asked for.
 * @throws Error that says what does not fit.
 */
export function readOptions(args: readonly string[]): StartOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      aws: { type: "boolean", default: false },
      "layer-auth": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
      only: { type: "string", default: "all" },
      reset: { type: "boolean", default: false },
      seed: { type: "string" },
      watch: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const only = TARGETS.find((target) => target === values.only);
  if (!only) throw new Error(`--only takes ${TARGETS.join(", ")}`);
  const { aws: useRealAws, "layer-auth": layerAuth, reset, watch } = values;
  if (layerAuth && only !== "all" && only !== "pair") {
    throw new Error("--layer-auth needs gateway and aux");
  }
  const options = { only, watch, useRealAws, layerAuth, reset, seed: values.seed };
  if (values.seed !== undefined && !hasStandIn(options)) {
    throw new Error("--seed is for the stand-in, which this run has not");
  }
  if (reset && !hasStandIn(options) && !hasDatabase(options)) {
    throw new Error("--reset empties what is kept, and this run keeps nothing");
  }
  return options;
}

export const hasStandIn = ({ only, useRealAws }: StartOptions): boolean =>
  only !== "gateway" && only !== "processor" && !useRealAws;

export const hasDatabase = ({ only }: StartOptions): boolean => only === "all" || only === "jobs";

/** And a cluster for it. */
export const hasProcessor = ({ only }: StartOptions): boolean =>
  only === "all" || only === "processor";

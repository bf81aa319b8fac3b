/** What a run is asked for on its command line. */
import { parseArgs } from "node:util";

export const TARGETS = ["all", "pair", "aux", "jobs", "gateway"] as const;

export interface StartOptions {
  readonly only: (typeof TARGETS)[number];
  /** Restart a service when its code changes. */
  readonly watch: boolean;
  readonly useRealAws: boolean;
  readonly layerAuth: boolean;
  /** Empty the database first. */
  readonly reset: boolean;
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
  if (reset && only !== "all" && only !== "jobs") {
    throw new Error("--reset empties the database of jobs; run all");
  }
  return { only, watch, useRealAws, layerAuth, reset };
}

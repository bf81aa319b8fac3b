/** What a run is asked for on its command line. */
import { parseArgs } from "node:util";

/** How services prove themselves to each other: by tokens of their accounts, and to aux by signed calls. */
const LAYER_AUTHS = ["service-account", "sigv4"] as const;
const TARGETS = ["all", "pair", "aux", "jobs", "processor", "gateway"] as const;

export interface StartOptions {
  readonly only: (typeof TARGETS)[number];
  /** Restart a service when its code changes. */
  readonly watch: boolean;
  readonly useRealAws: boolean;
  /** Undefined asks nobody for proof. */
  readonly layerAuth?: (typeof LAYER_AUTHS)[number] | undefined;
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
    // without a word it is the first of them
    args: args.map((arg) => (arg === "--layer-auth" ? `${arg}=${LAYER_AUTHS[0]}` : arg)),
    options: {
      aws: { type: "boolean", default: false },
      "layer-auth": { type: "string" },
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
  const { aws: useRealAws, reset, watch } = values;
  const layerAuth = LAYER_AUTHS.find((name) => name === values["layer-auth"]);
  if (values["layer-auth"] !== undefined && !layerAuth) {
    throw new Error(`--layer-auth takes ${LAYER_AUTHS.join(", ")}`);
  }
  if (layerAuth && only !== "all" && only !== "pair") {
    throw new Error("--layer-auth needs gateway and aux");
  }
  if (layerAuth === "sigv4" && useRealAws) {
    throw new Error("--layer-auth=sigv4 is for the stand-in, whose execution API it calls");
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

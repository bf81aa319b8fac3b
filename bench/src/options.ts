/** The command line: what may be asked for, and how long each of it runs. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { CASES, type Case } from "./cases.ts";
import { JOBS_FULL, JOBS_QUICK } from "./jobs/benchmark.ts";
import { LAYER_FULL, LAYER_QUICK } from "./layer/benchmark.ts";
import type { Plan } from "./rounds.ts";

/** What is measured beside the loads in rounds. */
const APART = ["rate", "memory"] as const;
type Apart = (typeof APART)[number];

export const HELP = `pnpm bench gateway|layer|jobs [options]

gateway: the gateway beside a plain nginx, @fastify/reply-from and bare Fastify with undici, all on loopback.
layer:   the pair with each form of proof between its layers beside the pair without (--quick, --write, --rounds).
jobs:    the jobs API beside its bare SQL (--quick, --write, --rounds).

  --quick              short rounds and no fixed rate, less than four minutes (without it about fifteen)
  --write              also writes the table into docs/benchmarks/README.md
  --case=NAME          only this: ${[...CASES.map(({ name }) => name), ...APART].join(", ")}
  --checkout=NAME=DIR  also measures the gateway of another checkout; may be repeated
  --rounds=N           another number of rounds
  --profile=FILE       instead: a CPU profile of the gateway in FILE, and its self time by area;
                       under 1 KB, distinct keys, or the load of --case
`;

const QUICK: Plan = { rounds: 5, slotMs: 450, warmUpMs: 8000 };
const FULL: Plan = { rounds: 11, slotMs: 3000, warmUpMs: 20_000 };

const PLANS = {
  gateway: { quick: QUICK, full: FULL },
  layer: { quick: LAYER_QUICK, full: LAYER_FULL },
  jobs: { quick: JOBS_QUICK, full: JOBS_FULL },
} as const;
export type Target = keyof typeof PLANS;

export interface Checkout {
  readonly name: string;
  readonly root: string;
}

export interface Options {
  readonly target: Target;
  readonly plan: Plan;
  readonly isQuick: boolean;
  readonly cases: readonly Case[];
  readonly apart: ReadonlySet<Apart>;
  readonly checkouts: readonly Checkout[];
  readonly profile: string | undefined;
  readonly isWriting: boolean;
}

/** @throws Error saying what is wrong; undefined when help was asked for. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      quick: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      case: { type: "string", multiple: true, default: [] },
      checkout: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      profile: { type: "string" },
    },
  });
  if (values.help) return undefined;
  const [target, ...more] = positionals;
  if (more.length > 0 || !isTarget(target)) {
    throw new Error(`say what to measure: ${Object.keys(PLANS).join(", ")}`);
  }
  const plan = PLANS[target][values.quick ? "quick" : "full"];
  return {
    target,
    plan: values.rounds === undefined ? plan : { ...plan, rounds: roundsOf(values.rounds) },
    isQuick: values.quick,
    ...casesOf(values.case, values.quick),
    checkouts: values.checkout.map(checkoutOf),
    profile: values.profile && resolve(values.profile),
    isWriting: values.write,
  };
}

const isTarget = (name: string | undefined): name is Target =>
  name !== undefined && Object.hasOwn(PLANS, name);

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 100) return rounds;
  throw new Error("--rounds takes 1 to 100");
}

function casesOf(names: readonly string[], isQuick: boolean): Pick<Options, "cases" | "apart"> {
  if (names.length === 0) {
    return { cases: CASES, apart: new Set(isQuick ? ["memory"] : APART) };
  }
  const known = [...CASES.map(({ name }) => name), ...APART];
  for (const name of names) {
    if (!known.includes(name)) throw new Error(`--case takes ${known.join(", ")}`);
  }
  return {
    cases: CASES.filter(({ name }) => names.includes(name)),
    apart: new Set(APART.filter((name) => names.includes(name))),
  };
}

function checkoutOf(text: string): Checkout {
  const [name, root] = text.split("=", 2);
  if (name && root && /^[a-z0-9-]+$/.test(name)) return { name, root: resolve(root) };
  throw new Error("--checkout takes NAME=DIR, the name in small letters, digits and dashes");
}

/** `pnpm soak`: every scenario at full size, its counts asserted, its results written down. */
import { parseArgs } from "node:util";
import { writeReport } from "./report.ts";
import { type Scenario, type SizeName, Stage } from "./scenario.ts";
import { setEnduranceMinutes } from "./scenarios/endurance.ts";
import { SCENARIOS } from "./scenarios/index.ts";

const HELP = `Runs the fault and attack scenarios at full size against real processes on this machine.

  pnpm soak                     all of them, then docs/measurements.md is written
  pnpm soak --only=fuzz,crowd   some of them; their part of docs/measurements.md is written anew
  pnpm soak --minutes=10        a shorter endurance run (30 by default)
  pnpm soak --small             at the size that the tests use; nothing is written
  pnpm soak --list              what there is

Exit code 1 when a promise was broken. A promised time is "late" when missed, and broken at five times.
`;

interface Options {
  readonly chosen: readonly Scenario[];
  readonly size: SizeName;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", short: "h", default: false },
      list: { type: "boolean", default: false },
      minutes: { type: "string", default: "30" },
      only: { type: "string" },
      small: { type: "boolean", default: false },
    },
  });
  if (values.help) exitWith(HELP, 0);
  if (values.list) {
    exitWith(SCENARIOS.map(({ name, how }) => `${name.padEnd(18)} ${how}\n`).join(""), 0);
  }
  const minutes = Number(values.minutes);
  if (!(minutes >= 1 && minutes <= 600)) throw new Error("--minutes takes 1 to 600");
  setEnduranceMinutes(minutes);
  const size = values.small ? "test" : "soak";
  const names = values.only?.split(",");
  const unknown = names?.find((name) => SCENARIOS.every((scenario) => scenario.name !== name));
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}; see --list`);
  const chosen = SCENARIOS.filter(({ name, isSoakOnly }) =>
    names ? names.includes(name) : size === "soak" || !isSoakOnly,
  );
  return { chosen, size };
}

function exitWith(text: string, code: number): never {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}

async function main(): Promise<void> {
  let options: Options;
  try {
    options = readOptions();
  } catch (error) {
    exitWith(`${(error as Error).message}\nSee: pnpm soak --help\n`, 2);
  }
  let broken = 0;
  for (const { name, run, how } of options.chosen) {
    const say = (text: string) => {
      process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${name}: ${text}\n`);
    };
    const stage = new Stage(say);
    const startedAt = performance.now();
    try {
      await run(options.size, stage);
    } catch (error) {
      say(String((error as Error).stack));
      stage.check(`${name}: runs to its end`, "yes", false, "1 run", String(error));
    } finally {
      await stage.end();
    }
    broken += stage.broken.length;
    const seconds = (performance.now() - startedAt) / 1000;
    say(`${stage.broken.length} broken, ${Math.round(seconds)} s`);
    if (options.size === "soak") {
      await writeReport({ name, how, seconds, measurements: stage.measurements });
    }
  }
  process.stdout.write(broken === 0 ? "every promise was kept\n" : `${broken} promises broken\n`);
  process.exitCode = broken === 0 ? 0 : 1;
}

await main();

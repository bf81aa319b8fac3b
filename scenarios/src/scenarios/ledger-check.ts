/** Writes the result of joining the client's ledger with the logs. */
import { type Ledger, reconcile } from "../rig/ledger.ts";
import type { Pair } from "../rig/pair.ts";
import { until } from "../rig/waiting.ts";
import type { Stage } from "../scenario.ts";

const SHOWN = 5;
/** Of log lines: they are written in batches, and read from a pipe. */
const LINES_MS = 3000;
const EVERY_MS = 200;

/** @param lostAux whether an aux was killed, whose last log lines are gone. */
export async function checkLedger(
  stage: Stage,
  title: string,
  ledger: Ledger,
  pair: Pair,
  lostAux = false,
): Promise<void> {
  const logsOf = (name: string) => pair.all.filter((p) => p.name === name).map(({ log }) => log);
  const join = () => reconcile(ledger, logsOf("gateway"), logsOf("aux"), lostAux).faults;
  await until("its lines", () => join().length === 0, LINES_MS, EVERY_MS).catch(() => {});
  const faults = join();
  for (const fault of faults.slice(0, SHOWN)) stage.progress(fault);
  stage.check(
    `${title}: requests without exactly one right outcome`,
    "0",
    faults.length === 0,
    `${ledger.entries.length} requests`,
    String(faults.length),
  );
}

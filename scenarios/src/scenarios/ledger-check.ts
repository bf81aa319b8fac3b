/** Writes the result of joining the client's ledger with the logs. */
import { type Ledger, reconcile } from "../rig/ledger.ts";
import type { Pair } from "../rig/pair.ts";
import type { Stage } from "../scenario.ts";

const SHOWN = 5;

/** @param lostAux whether an aux was killed, whose last log lines are gone. */
export function checkLedger(
  stage: Stage,
  title: string,
  ledger: Ledger,
  pair: Pair,
  lostAux = false,
): void {
  const logsOf = (name: string) => pair.all.filter((p) => p.name === name).map(({ log }) => log);
  const { faults } = reconcile(ledger, logsOf("gateway"), logsOf("aux"), lostAux);
  for (const fault of faults.slice(0, SHOWN)) stage.progress(fault);
  stage.check(
    `${title}: requests without exactly one right outcome`,
    "0",
    faults.length === 0,
    `${ledger.entries.length} requests`,
    String(faults.length),
  );
}

/** Which core each process is pinned to, where the system can pin. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The cores this process may use, in order; empty where nobody can tell. */
function allowedCores(): number[] {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? "";
    return list.split(",").flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  } catch {
    return [];
  }
}

function hasTaskset(): boolean {
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const cores = hasTaskset() ? allowedCores() : [];

/** Whether the proxies have a core to themselves, as far as this benchmark's processes go. */
export const IS_PINNED = cores.length >= 2;
export const PROXY_CORE = IS_PINNED ? cores[0] : undefined;
export const LOAD_CORE = IS_PINNED ? cores[1] : undefined;

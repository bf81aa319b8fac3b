/** Shows a file in the user's browser. */
import { spawn } from "node:child_process";
import type { Output } from "../output/output.ts";

export function openFile(path: string, output: Output): void {
  const program = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(program, [path], { stdio: "ignore", detached: true });
  child.on("error", () => output.note(`${program} is not there; open ${path} by hand.`));
  child.unref();
}

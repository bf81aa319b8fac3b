/** A folder's copy, with owners, rights, times and links as they are, while others may be writing in it. */
import { spawn } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";

/** What was there a moment before, or is just being written: a snapshot of a file system in use is no other. */
const VANISHED = /No such file or directory|file changed as we read it|skipping file/;

/** The folder is there when all of it is, whatever happens meanwhile. Rejects with a sentence. */
export async function copyFolder(from: string, to: string): Promise<void> {
  const unfinished = `${to}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  rmSync(to, { recursive: true, force: true });
  const { code, words } = await run("cp", ["-a", from, unfinished]);
  const complaints = words.split("\n").filter((line) => line !== "" && !VANISHED.test(line));
  if (!existsSync(unfinished) || (code !== 0 && complaints.length > 0)) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new Error(complaints[0] ?? `cp has ended with ${code}`);
  }
  renameSync(unfinished, to);
}

const WORDS_LENGTH = 4000;

function run(program: string, args: readonly string[]) {
  return new Promise<{ readonly code: number | null; readonly words: string }>((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    });
    let words = "";
    child.stderr.on("data", (data) => {
      if (words.length < WORDS_LENGTH) words += data;
    });
    child.once("error", ({ message }) => resolve({ code: null, words: message }));
    child.once("close", (code) => resolve({ code, words }));
  });
}

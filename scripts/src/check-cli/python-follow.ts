/** The application in Python of README.md follows a value, through each thing that can happen. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import { EXPECTED, followServer } from "../documents/follow-server.ts";
import { programIn } from "../documents/program-in.ts";

/** @returns whether it did; true as well where there is no Python. */
export async function runPythonFollow(
  folder: string,
  say: (text: string) => void,
): Promise<boolean> {
  const server = await followServer();
  try {
    const program = await programIn("README.md", "python");
    const file = join(folder, "follow.py");
    await writeFile(file, program.replace("http://localhost:8080", server.origin));
    const python = spawn("python3", [file], { stdio: ["ignore", "pipe", "pipe"] });
    const [output, errors] = [text(python.stdout), text(python.stderr)];
    const ended = await Promise.race([
      once(python, "close").then(() => true),
      once(python, "error").then(() => false),
    ]);
    if (!ended) {
      say("README.md in Python: not run: python3 absent");
      return true;
    }
    const seen = { output: await output, requests: server.requests };
    const isRight = isDeepStrictEqual(seen, EXPECTED);
    say(`README.md in Python: ${isRight ? "followed" : `${JSON.stringify(seen)} ${await errors}`}`);
    return isRight;
  } finally {
    server.close();
  }
}

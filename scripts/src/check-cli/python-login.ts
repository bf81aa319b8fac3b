/** The Python of docs/login.md logs in to jobs that runs beside the AWS stand-in. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { ROOT } from "../generated/files.ts";

const SERVER_ID = "jobs.example.com";
const OFFSET = 3100;
const API = `http://127.0.0.1:${8000 + OFFSET}`;
const READY_LIMIT_MS = 90_000;

/** @returns whether it logged in; true as well where there is no Python. */
export async function runPythonLogin(
  folder: string,
  say: (text: string) => void,
): Promise<boolean> {
  if (spawnSync("python3", ["--version"]).status !== 0) {
    say("not run: python3 absent");
    return true;
  }
  const page = await readFile(new URL("docs/login.md", ROOT), "utf8");
  const code = /<!-- example:login\.py -->\n```python\n(.*?)^```$/ms.exec(page)?.[1];
  if (code === undefined) throw new Error("docs/login.md has no Python");
  const program = join(folder, "login.py");
  await writeFile(program, code);
  const data = await mkdtemp(join(folder, "data-"));
  // root's Postgres runs as another user, who has to reach its own folder
  await Promise.all([chmod(folder, 0o711), chmod(data, 0o711)]);
  const start = spawn(
    process.execPath,
    ["--conditions=airlock-source", "scripts/src/start.ts", "--only=jobs"],
    {
      cwd: ROOT,
      env: {
        ...process.env,
        DATA_FOLDER: data,
        PORT_OFFSET: String(OFFSET),
        LOGIN_SERVER_ID: SERVER_ID,
        ALLOW_RAW_AWS_LOGIN: "off",
      },
      stdio: "ignore",
    },
  );
  try {
    await untilReady();
    const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
    const env = {
      PATH: process.env.PATH,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
    const { stdout, stderr } = spawnSync("python3", [program, API, SERVER_ID], {
      env,
      encoding: "utf8",
    });
    const isIn = /^gpud_\w{49}\n$/.test(stdout);
    say(isIn ? "docs/login.md in Python: logged in" : `docs/login.md in Python: ${stderr}`);
    return isIn;
  } finally {
    start.kill("SIGTERM");
    if (start.exitCode === null) await once(start, "exit");
  }
}

async function untilReady(): Promise<void> {
  const began = Date.now();
  for (;;) {
    const isReady = await fetch(`${API}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    if (Date.now() - began > READY_LIMIT_MS) throw new Error("jobs is not ready");
    await sleep(100);
  }
}

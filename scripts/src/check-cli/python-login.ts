/** Clients in Python log in to jobs through a gateway, both with the settings of prod, beside the AWS stand-in. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { programIn } from "../documents/program-in.ts";
import { ROOT } from "../generated/files.ts";

const SERVER_ID = "jobs.example.com";
const KEY = /^gpud_\w{49}\n$/;
const fileHere = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export interface PythonOptions {
  readonly folder: string;
  readonly say: (text: string) => void;
  /** Of gpu-dev; undefined where it could not be installed. */
  readonly bundle: string | undefined;
}

/** @returns whether all that could be run logged in; true as well where there is no Python. */
export async function runPythonLogins({ folder, say, bundle }: PythonOptions): Promise<boolean> {
  const interpreter = findPython();
  if (interpreter === undefined) return absent("python3");
  const python = (words: readonly string[], home: string): Ran =>
    run(interpreter, words, { HOME: home });
  const server = spawn(
    process.execPath,
    ["--conditions=airlock-source", "services/jobs/test/serve-prod.ts"],
    { cwd: ROOT, stdio: ["pipe", "ignore", "pipe"] },
  );
  try {
    const [api] = (await once(createInterface(server.stderr), "line")) as [string];
    if (!URL.canParse(api)) throw new Error(api);
    const page = join(folder, "login.py");
    await writeFile(page, await programIn("docs/login.md", "python"));
    const home = join(folder, "login-home");
    await mkdir(home, { recursive: true });
    const tried = [
      () => tell("docs/login.md in Python", python([page, api, SERVER_ID], home), KEY),
      () =>
        spawnSync(interpreter, ["-c", "import botocore"]).status === 0
          ? tell("botocore", python([fileHere("botocore-login.py"), api, SERVER_ID], home), KEY)
          : absent("botocore"),
      () => {
        if (bundle === undefined) return absent("gpu-dev");
        const words = [bundle, "login", "--server-id", SERVER_ID];
        const login = run(process.execPath, words, { HOME: home, GPU_DEV_API_URL: api });
        if (login.status !== 0) return tell("gpu-dev login", login, KEY);
        const seed = python([fileHere("seed-client.py"), api], home);
        return tell("the seed's client, by what gpu-dev keeps", seed, /^ok\n$/);
      },
    ];
    return tried.map((one) => one()).every((isFine) => isFine);
  } finally {
    server.stdin.end();
    if (server.exitCode === null) await once(server, "exit");
  }

  function tell(name: string, { stdout, stderr }: Ran, wanted: RegExp): boolean {
    const isIn = wanted.test(stdout);
    say(`${name}, against prod's settings: ${isIn ? "logged in" : stderr}`);
    return isIn;
  }

  function absent(program: string): boolean {
    say(`not run: ${program} absent`);
    return true;
  }
}

type Ran = Readonly<Record<"stdout" | "stderr", string>> & { readonly status: number | null };

const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: sessionToken,
};

const run = (program: string, words: readonly string[], env: Record<string, string>): Ran =>
  spawnSync(program, words, {
    env: { PATH: process.env.PATH, ...CREDENTIALS, ...env },
    encoding: "utf8",
  });

/** Itself, and not what a home of its own would keep from it. */
function findPython(): string | undefined {
  const told = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], {
    encoding: "utf8",
  });
  return told.status === 0 ? told.stdout.trim() : undefined;
}

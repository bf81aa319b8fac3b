/** `gpu-dev doctor`: what may be wrong between here and a job, one thing after the other. */
import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import type { ApiKeys } from "@airlock/contract";
import { ApiError } from "../api/problem.ts";
import { createTransport } from "../api/transport.ts";
import { CliError, EXIT } from "../cli-error.ts";
import { command, JSON_FLAG } from "../command.ts";
import { apiUrlOf, isLoopback } from "../config.ts";
import type { Context } from "../context.ts";
import type { Environment } from "../environment.ts";
import { keepPrivate } from "../files/keep-private.ts";
import { readIfThere } from "../files/private-file.ts";
import { liveJobs } from "../jobs/find-job.ts";
import { shortId } from "../jobs/job-view.ts";
import type { Style } from "../output/colour.ts";
import { oneLine } from "../output/text-width.ts";
import { duration, timeAndDistance } from "../output/times.ts";
import { openTunnel } from "../ssh/tunnel.ts";

interface Finding {
  readonly of: string;
  readonly state: "ok" | "fault" | "not checked";
  readonly says: string;
}

const STYLES: Readonly<Record<Finding["state"], Style>> = {
  ok: "green",
  fault: "red",
  "not checked": "dim",
};

export const doctor = command({
  name: "doctor",
  about: "check the way from here to your jobs",
  flags: JSON_FLAG,
  async run({ flags }, context) {
    const { output } = context;
    const findings: Finding[] = [];
    for await (const finding of examine(context)) {
      findings.push(finding);
      const { of, state, says } = finding;
      if (!flags.json) {
        const word = output.paint(STYLES[state], state.padEnd(11));
        output.print(`${word}  ${of.padEnd(11)}  ${oneLine(says)}`);
      }
    }
    if (flags.json) output.json({ findings });
    return findings.some(({ state }) => state === "fault") ? EXIT.failed : undefined;
  },
});

const sentence = (error: unknown): string => {
  if (!(error instanceof CliError)) throw error;
  return error.next ? `${error.message} ${error.next}` : error.message;
};

/** What cannot be known because something before it is wrong is not checked, and no fault. */
async function* examine(context: Context): AsyncGenerator<Finding> {
  const { env, clock, version, signal, findAwsKeys } = context;
  const ok = (of: string, says: string): Finding => ({ of, state: "ok", says });
  const fault = (of: string, says: string): Finding => ({ of, state: "fault", says });
  const unchecked = (of: string, says: string): Finding => ({ of, state: "not checked", says });

  let url: URL;
  try {
    url = apiUrlOf(env, await context.config());
  } catch (error) {
    return yield fault("address", sentence(error));
  }
  yield ok("address", url.href);
  if (isLoopback(url)) yield ok("encryption", "this machine alone");
  else if (url.protocol === "https:") yield ok("encryption", "https");
  else yield fault("encryption", "http:// shows your key to whoever listens; use https://");

  const { home, output } = context;
  const isPrivate = [
    await keepPrivate(home.credentials, home, output),
    await keepPrivate(home.privateKey, home, output),
  ];
  if (isPrivate.every(Boolean)) yield ok("files", `${home.private} is yours alone`);
  else yield fault("files", `${home.private} is open to others, and its file system leaves it so`);

  let skewMs: number | undefined;
  const onDate = (serverMs: number) => {
    skewMs = clock.now() - serverMs;
  };
  try {
    await createTransport({ url, version, signal, onDate })({ method: "GET", path: "/health" });
    yield ok("service", "it answers");
  } catch (error) {
    if (!(error instanceof ApiError)) return yield fault("service", sentence(error));
    yield ok("service", `it answers: ${error.message}`);
  }
  if (skewMs === undefined) yield unchecked("clock", "the service does not tell the time");
  else yield clockFinding(skewMs, ok, fault);

  if (env.GPU_DEV_API_KEY) yield unchecked("credentials", "GPU_DEV_API_KEY is set");
  else {
    try {
      const { source } = await findAwsKeys(undefined);
      yield ok("credentials", source);
    } catch (error) {
      const key = await context.keyCache.read(url).catch(() => undefined);
      const isUsable = key && Date.parse(key.expires_at) > clock.now();
      yield isUsable
        ? unchecked("credentials", "there are none; the key of the last login is good still")
        : fault("credentials", sentence(error));
    }
  }

  try {
    const { keys } = await (await context.api()).get<ApiKeys>("/v1/keys");
    const current = keys.find((key) => key.current);
    yield ok("role", "the service lets you in");
    yield ok(
      "key",
      `${current?.key_prefix}… ends at ${timeAndDistance(current?.expires_at, clock.now())}`,
    );
  } catch (error) {
    yield fault("role", sentence(error));
    yield unchecked("key", "there is none");
    return yield unchecked("tunnel", "it needs a key");
  }
  yield* sshFindings(context, url);
}

/** Within AWS's own limit of five minutes a login is good; a minute is worth a word. */
function clockFinding(
  skewMs: number,
  ok: (of: string, says: string) => Finding,
  fault: (of: string, says: string) => Finding,
): Finding {
  const off = Math.abs(skewMs);
  const way = skewMs > 0 ? "ahead of" : "behind";
  if (off < 60_000) return ok("clock", "right to a minute");
  const says = `${duration(off)} ${way} the service's; set this machine's clock`;
  return off < 300_000
    ? ok("clock", says)
    : fault("clock", `${says}: AWS takes no signature that is five minutes off`);
}

async function* sshFindings(context: Context, url: URL): AsyncGenerator<Finding> {
  const { home, program, version, env } = context;
  const ssh = await sshVersion(env);
  if (ssh) yield { of: "ssh", state: "ok", says: ssh };
  else yield { of: "ssh", state: "fault", says: "there is none; install OpenSSH's client" };
  const written = await readIfThere(home.sshConfig).catch(() => undefined);
  const script = program.at(-1) ?? "";
  if (written === undefined) {
    yield { of: "ssh config", state: "not checked", says: "`gpu-dev config ssh` was not run" };
  } else if (!written.includes(script) || !(await isThere(program[0] ?? ""))) {
    yield {
      of: "ssh config",
      state: "fault",
      says: "it names another gpu-dev: gpu-dev config ssh",
    };
  } else yield { of: "ssh config", state: "ok", says: home.sshConfig };

  const job = (await liveJobs(await context.api())).find(({ status }) => status === "active");
  if (!job) return yield { of: "tunnel", state: "not checked", says: "you have no active job" };
  try {
    const session = await context.session();
    const tunnel = await openTunnel({ url, session, version, id: job.job_id, port: 22 });
    const first = await Promise.race([
      new Promise<Buffer>((resolve) => tunnel.stream.once("data", resolve)),
      tunnel.ended,
    ]);
    tunnel.close();
    if (first instanceof CliError) throw first;
    const banner = Buffer.isBuffer(first) ? oneLine(first.toString("latin1").slice(0, 60)) : "";
    yield { of: "tunnel", state: "ok", says: `to job ${shortId(job)}: ${banner}` };
  } catch (error) {
    yield { of: "tunnel", state: "fault", says: sentence(error) };
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** What `ssh -V` says; undefined without one. */
const sshVersion = (env: Environment): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile("ssh", ["-V"], { env: { ...env } }, (error, stdout, stderr) => {
      resolve(error ? undefined : (stderr || stdout).trim());
    });
  });

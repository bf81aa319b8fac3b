/** `gpu-dev connect`, and what ssh runs for it: `proxy` and `known-hosts`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Job } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { ApiError } from "../api/problem.ts";
import { CliError, codeOf, EXIT, usageError } from "../cli-error.ts";
import { command } from "../command.ts";
import type { Context } from "../context.ts";
import { findJob, findJobOrOnly, jobPath } from "../jobs/find-job.ts";
import { isOver, reasonOf } from "../jobs/job-states.ts";
import { shortId } from "../jobs/job-view.ts";
import { portOf } from "../jobs/submission.ts";
import { oneLine } from "../output/text-width.ts";
import { ownPublicKey } from "../ssh/own-key.ts";
import { pipeTunnel } from "../ssh/pipe-tunnel.ts";
import { sshOptions, userOf } from "../ssh/ssh-options.ts";
import { openTunnel } from "../ssh/tunnel.ts";

export const SSH_PORT = 22;

/** @throws CliError for one that cannot be connected to now. */
export function demandActive(job: Job): void {
  const { status } = job;
  if (status === "active") return;
  const why = oneLine(reasonOf(job));
  const sentence = `Job ${shortId(job)} is ${status}${why ? `: ${why}` : "."}`;
  const exit = isOver(job) ? EXIT.jobEnded : EXIT.failed;
  throw new CliError(exit, sentence, { next: `gpu-dev explain ${shortId(job)}` });
}

export const connect = command({
  name: "connect",
  aliases: ["ssh"],
  about: "a shell in a job, by ssh",
  operands: [{ name: "ID", isOptional: true, names: "job" }],
  rest: "COMMAND",
  flags: {
    "forward-agent": { short: "A", about: "let the job use the keys of your ssh-agent" },
    direct: { about: "by the port of the job's node, where the service opens one" },
  },
  more: `Behind \`--\`: a command to run there instead of a shell. The exit code is that of ssh, which joins words
with blanks for the shell there: quote what is to stay one word twice, or write the line as one word.
\`gpu-dev config ssh\` makes the pods of your jobs known to ssh itself, scp, rsync and editors.`,
  examples: ["gpu-dev connect 3f2a91bc", "gpu-dev connect 3f2a91bc -- 'cd /workspace && ls'"],
  async run({ flags, operands: [id], rest }, context) {
    const { url } = await context.api();
    const job = await findJobOrOnly(await context.api(), id, "gpu-dev connect ID");
    demandActive(job);
    await ownPublicKey(context);
    const isDirect = flags.direct || !(await hasTunnels(job, await context.api()));
    const args = [
      ...sshOptions(context)
        .filter(([name]) => !isDirect || name !== "ProxyCommand")
        .flatMap(([name, value]) => ["-o", `${name}=${value}`]),
      ...(isDirect ? directTo(job) : []),
      ...(flags["forward-agent"] ? ["-A"] : []),
      `${userOf(job, url)}@${job.pod_name}`,
      ...(rest.length > 0 ? ["--", ...rest] : []),
    ];
    return await runSsh(args);
  },
});

/** Asked where there is another way: a service from before tunnels knows no such path. */
async function hasTunnels(job: Job, api: Api): Promise<boolean> {
  if (job.node_port === null) return true;
  try {
    await api.get(`${jobPath(job.job_id)}/tunnel`, { port: SSH_PORT });
  } catch (error) {
    return !(error instanceof ApiError) || error.problem.code !== "not_found";
  }
  return true;
}

/** Its host key is known by the pod's name, by whatever address it is reached. @throws CliError */
function directTo(job: Job): readonly string[] {
  const { ssh_command, pod_name } = job;
  const [, port, host] = /^ssh -p (\d+) [^@\s]+@([\w.:-]+)$/.exec(ssh_command ?? "") ?? [];
  if (port === undefined || host === undefined) {
    throw new CliError(EXIT.failed, `Job ${shortId(job)} has no port of a node.`, {
      next: `gpu-dev connect ${shortId(job)}`,
    });
  }
  return ["-o", `HostName=${host}`, "-o", `HostKeyAlias=${pod_name}`, "-p", port];
}

const ENDING = ["SIGTERM", "SIGHUP", "SIGINT"] as const;

/** What ends this program ends ssh, which ends its proxy and the command there. */
async function runSsh(args: readonly string[]): Promise<number> {
  const child = spawn("ssh", args, { stdio: "inherit" });
  const passOn = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of ENDING) process.on(signal, passOn);
  try {
    const [code, signal] = await once(child, "close");
    // as a shell tells of it
    return signal === null ? (code as number) : 128 + constants.signals[signal as NodeJS.Signals];
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new CliError(EXIT.failed, "There is no ssh on this machine.", {
      next: "Install OpenSSH's client (openssh-client); `gpu-dev logs` shows what the job wrote.",
    });
  } finally {
    for (const signal of ENDING) process.off(signal, passOn);
  }
}

export const proxy = command({
  name: "proxy",
  about: "join stdin and stdout to a port of a job, for ssh's ProxyCommand",
  operands: [{ name: "ID", names: "job" }],
  flags: { port: { value: "PORT", about: "the job's port (22)" } },
  async run({ flags, operands: [name = ""] }, context) {
    const port = flags.port === undefined ? SSH_PORT : portOf(flags.port);
    const tunnel = await tunnelTo(name, port, context);
    const { stdin: readable, stdout: writable } = process;
    const onAbort = () => tunnel.close();
    context.signal.addEventListener("abort", onAbort, { once: true });
    // Ctrl-C while it was opened
    if (context.signal.aborted) onAbort();
    const end = await pipeTunnel(tunnel, { readable, writable });
    // nothing is read any more: an open stdin must not keep this process
    readable.destroy();
    if (end) throw end;
    return undefined;
  },
});

async function tunnelTo(name: string, port: number, context: Context) {
  const { version } = context;
  const api = await context.api();
  const job = await findJob(api, name);
  demandActive(job);
  return await openTunnel({
    url: api.url,
    session: await context.session(),
    version,
    id: job.job_id,
    port,
  });
}

export const knownHosts = command({
  name: "known-hosts",
  about: "tell the host keys of a job, for ssh's KnownHostsCommand",
  operands: [{ name: "POD", names: "job" }, { name: "HOST" }],
  flags: {},
  isInner: true,
  // ssh looks a key up under the name that was typed, an alias, or an address with a port
  async run({ operands: [pod = "", host = ""] }, context) {
    if (/[^\w.:[\]-]/.test(host)) throw usageError(`${JSON.stringify(host)} is no host.`);
    const job = await findJob(await context.api(), pod);
    for (const key of job.ssh_host_keys ?? []) context.output.print(`${host} ${oneLine(key)}`);
    return undefined;
  },
});

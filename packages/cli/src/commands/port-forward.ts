/** `gpu-dev port-forward` and `gpu-dev jupyter`: ports of a job on this machine. */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Job } from "@airlock/contract";
import { ApiError } from "../api/problem.ts";
import { CliError, codeOf, EXIT } from "../cli-error.ts";
import { command } from "../command.ts";
import type { Context } from "../context.ts";
import { privateFolder, writeWhole } from "../files/private-file.ts";
import { findJob, findJobOrOnly } from "../jobs/find-job.ts";
import { shortId } from "../jobs/job-view.ts";
import { portOf } from "../jobs/submission.ts";
import { openFile } from "../ssh/open-file.ts";
import { pipeTunnel } from "../ssh/pipe-tunnel.ts";
import { openTunnel } from "../ssh/tunnel.ts";
import { demandActive, SSH_PORT } from "./connect.ts";
import { switchJupyter } from "./edit.ts";

const JUPYTER_PORT = 8888;

export const portForward = command({
  name: "port-forward",
  about: "have ports of a job on this machine",
  operands: [
    { name: "ID", names: "job" },
    { name: "PORT", many: true },
  ],
  flags: {},
  more: `PORT is 8888, or LOCAL:REMOTE such as 9999:8888; 0:8888 takes any port that is free here.
22 and 8888 are there in each job, others where it was submitted with --port.`,
  examples: ["gpu-dev port-forward 3f2a91bc 8888", "gpu-dev port-forward 3f2a91bc 9006:6006 8888"],
  async run({ operands: [id = "", ...words] }, context) {
    const pairs = words.map(pairOf);
    const job = await findJob(await context.api(), id);
    demandActive(job);
    for (const { remote } of pairs) demandDeclared(job, remote);
    const forwards = await forwardAll(job, pairs, context);
    for (const { local, remote } of forwards) {
      context.output.print(`127.0.0.1:${local} -> ${shortId(job)}:${remote}`);
    }
    return await untilOver(forwards, context);
  },
});

/** Asked again at each connection: of a service from before `ports` nothing is known here. @throws CliError */
function demandDeclared(job: Job, port: number): void {
  const known: readonly number[] | undefined = job.ports;
  if (known === undefined || [SSH_PORT, JUPYTER_PORT, ...known].includes(port)) return;
  throw new CliError(EXIT.failed, `Job ${shortId(job)} did not declare port ${port}.`, {
    next: `gpu-dev reserve --port ${port}, for the next one.`,
  });
}

interface Pair {
  readonly local: number;
  readonly remote: number;
}

function pairOf(word: string): Pair {
  const [first = "", second] = word.split(":", 2);
  if (second === undefined) return { local: portOf(first), remote: portOf(first) };
  return { local: first === "0" ? 0 : portOf(first), remote: portOf(second) };
}

interface Forward extends Pair {
  /** Ends it, with all of its connections. */
  readonly stop: () => void;
  /** Resolves when the job can be reached no more. */
  readonly over: Promise<CliError>;
}

/** All of them or none. @throws CliError */
async function forwardAll(job: Job, pairs: readonly Pair[], context: Context): Promise<Forward[]> {
  const begun: Forward[] = [];
  try {
    for (const pair of pairs) begun.push(await forward(job, pair, context));
    return begun;
  } catch (error) {
    for (const { stop } of begun) stop();
    throw error;
  }
}

/** Listens on this machine alone: whoever else could connect would be let in as the user. */
async function forward(job: Job, { local, remote }: Pair, context: Context): Promise<Forward> {
  const { output, version } = context;
  const { url } = await context.api();
  const session = await context.session();
  const { promise: over, resolve: end } = Promise.withResolvers<CliError>();
  const carry = async (socket: Socket) => {
    try {
      const tunnel = await openTunnel({ url, session, version, id: job.job_id, port: remote });
      const failure = await pipeTunnel(tunnel, { readable: socket, writable: socket });
      if (failure) throw failure;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      output.note(`${remote}: ${error.message}`);
      if (isLasting(error)) end(error);
      socket.destroy();
    }
    // what was written to it goes out first
    socket.destroySoon();
  };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    void carry(socket);
  });
  server.listen(local, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    throw cannotListen(local, remote, error);
  }
  const stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { local: (server.address() as AddressInfo).port, remote, stop, over };
}

/** The next connection would fare no better. */
const isLasting = (error: CliError): boolean =>
  error.exit === EXIT.notFound ||
  error.exit === EXIT.loginNeeded ||
  (error instanceof ApiError &&
    ["job_ended", "job_not_active", "port_not_declared"].includes(error.problem.code ?? ""));

function cannotListen(port: number, remote: number, error: unknown): CliError {
  const code = codeOf(error);
  const why =
    code === "EADDRINUSE"
      ? "is taken"
      : code === "EACCES"
        ? "needs an administrator"
        : `cannot be had (${code})`;
  return new CliError(EXIT.failed, `Port ${port} of this machine ${why}.`, {
    next: `Take another one: ${port < 1024 ? port + 8000 : port + 1}:${remote}, or 0:${remote} for any.`,
  });
}

/** @throws CliError when the job can be reached no more; Ctrl-C ends it otherwise. */
async function untilOver(
  forwards: readonly Forward[],
  { signal, output }: Context,
): Promise<undefined> {
  output.note("Ctrl-C ends it.");
  const interrupted = signal.aborted ? Promise.resolve() : once(signal, "abort");
  const over = await Promise.race([interrupted, ...forwards.map((one) => one.over)]);
  for (const { stop } of forwards) stop();
  if (over instanceof CliError) throw over;
  signal.throwIfAborted();
  return undefined;
}

export const jupyter = command({
  name: "jupyter",
  about: "open Jupyter Lab of a job on this machine",
  operands: [{ name: "ID", isOptional: true, names: "job" }],
  flags: {
    port: { value: "PORT", about: "port of this machine (8888, else any)" },
    open: { about: "open it in the browser" },
  },
  more: "Starts Jupyter Lab in the job where it does not run. The address that is printed holds what opens it: keep it to yourself.",
  async run({ flags, operands: [id] }, context) {
    const { output, home } = context;
    const api = await context.api();
    let job = await findJobOrOnly(api, id, "gpu-dev jupyter ID");
    demandActive(job);
    if (!job.jupyter_enabled || !job.jupyter_token)
      job = await switchJupyter(job, true, api, context);
    const wanted = flags.port === undefined ? undefined : portOf(flags.port);
    const made = await forwardJupyter(job, wanted, context);
    const query = job.jupyter_token ? `?token=${encodeURIComponent(job.jupyter_token)}` : "";
    const address = `http://127.0.0.1:${made.local}/lab${query}`;
    if (!flags.open) {
      output.print(address);
      return await untilOver([made], context);
    }
    // as Jupyter does it: on a command line everybody could read it
    const page = join(home.private, `jupyter-${shortId(job)}.html`);
    await privateFolder(home.private);
    await writeWhole(page, `<meta http-equiv="refresh" content="0; url=${address}">\n`);
    try {
      openFile(page, output);
      return await untilOver([made], context);
    } finally {
      await rm(page, { force: true });
    }
  },
});

async function forwardJupyter(
  job: Job,
  wanted: number | undefined,
  context: Context,
): Promise<Forward> {
  try {
    return await forward(job, { local: wanted ?? JUPYTER_PORT, remote: JUPYTER_PORT }, context);
  } catch (error) {
    if (wanted !== undefined || !(error instanceof CliError)) throw error;
    return await forward(job, { local: 0, remote: JUPYTER_PORT }, context);
  }
}

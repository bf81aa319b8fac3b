/** Asks a program for credentials, as kubectl does (`users[].user.exec` of a kubeconfig, client.authentication.k8s.io). */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as z from "zod";
import { AccessError } from "./access.ts";
import { bearer, pem } from "./access-files.ts";

const API = /^client\.authentication\.k8s\.io\/v1(?:beta1)?$/;

export const execConfig = z.object({
  apiVersion: z.string().regex(API),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
});

const credential = z.object({
  kind: z.literal("ExecCredential"),
  status: z.object({
    token: z.string().min(1).optional(),
    clientCertificateData: z.string().min(1).optional(),
    clientKeyData: z.string().min(1).optional(),
    expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
  }),
});

export interface ExecCredential {
  readonly authorization: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Asks the program, or answers what it said while that is good. @param isRefused asks it whatever it said. */
export type ExecPlugin = (isRefused: boolean) => Promise<ExecCredential>;

const TIMEOUT_MS = 15_000;
const MAX_BYTES = 256 * 1024;
/** What is about to end may end on its way. */
const EARLY_MS = 60_000;

const run = promisify(execFile);

/** @param env what the program inherits. */
export function createExecPlugin(
  config: z.output<typeof execConfig>,
  nearby: (file: string) => string,
  env: NodeJS.ProcessEnv,
): ExecPlugin {
  // a command with a slash is a file beside the kubeconfig, others are looked for in PATH
  const command = config.command.includes("/") ? nearby(config.command) : config.command;
  const info = {
    kind: "ExecCredential",
    apiVersion: config.apiVersion,
    spec: { interactive: false },
  };
  const options = {
    env: {
      ...env,
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
      ...Object.fromEntries((config.env ?? []).map(({ name, value }) => [name, value])),
    },
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_BYTES,
    windowsHide: true,
  };
  let last: { readonly said: ExecCredential; readonly goodUntilMs: number } | undefined;
  return async (isRefused) => {
    if (!isRefused && last !== undefined && Date.now() < last.goodUntilMs) return last.said;
    let stdout: string;
    try {
      ({ stdout } = await run(command, config.args ?? [], options));
    } catch (error) {
      // what it wrote may be half of a credential
      const { code, killed } = error as { code?: unknown; killed?: boolean };
      const why = killed ? `gave no answer in ${TIMEOUT_MS / 1000} s` : `failed (${String(code)})`;
      throw new AccessError(`the exec plug-in ${config.command} ${why}`);
    }
    const { status } = readCredential(config.command, stdout);
    const from = `the answer of ${config.command}`;
    const data = { cert: status.clientCertificateData, key: status.clientKeyData };
    const said = {
      authorization: status.token === undefined ? undefined : bearer(status.token, from),
      cert: data.cert && pem(data.cert, from),
      key: data.key && pem(data.key, from),
    };
    const endsAtMs = Date.parse(status.expirationTimestamp ?? "");
    // without an end it is good until it is refused
    last = {
      said,
      goodUntilMs: Number.isNaN(endsAtMs) ? Number.POSITIVE_INFINITY : endsAtMs - EARLY_MS,
    };
    return said;
  };
}

function readCredential(command: string, stdout: string): z.output<typeof credential> {
  try {
    return credential.parse(JSON.parse(stdout));
  } catch {
    throw new AccessError(`the exec plug-in ${command} answered no ExecCredential`);
  }
}

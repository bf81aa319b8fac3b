/** The process: reads the environment, starts the stand-in, writes a kubeconfig, stops on a signal. */
import { randomBytes } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { type LocalKubernetes, startLocalKubernetes } from "./local-kubernetes.ts";
import { ProcessLog, readSettings } from "./process-settings.ts";
import { findSshd } from "./ssh/sshd-program.ts";

const settings = readSettings(process.env);
if (typeof settings === "string") fail(settings);
const log = new ProcessLog(settings.logLevel);

let local: LocalKubernetes;
try {
  local = await startLocalKubernetes({
    host: settings.host,
    port: settings.port,
    namespaces: [settings.namespace],
    nodes: settings.nodes,
    ...(settings.volumesFolder !== undefined && { volumesFolder: settings.volumesFolder }),
    tokens: [randomBytes(24).toString("base64url")],
  });
  // as a whole: whoever waits for it may read it at once
  await writeFile(`${settings.kubeconfig}.new`, local.kubeconfig(), { mode: 0o600 });
  await rename(`${settings.kubeconfig}.new`, settings.kubeconfig);
} catch (error) {
  fail(describe(error, settings.host, settings.port));
}
log.write("info", { msg: "listening", url: local.url });
const sshd = findSshd();
if (typeof sshd === "string") log.write("info", { msg: "nobody can log in to pods", reason: sshd });

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    log.write("info", { msg: "stopping", signal });
    // nothing is left to run once the server is closed, so the process ends by itself, with 0
    void local.close();
  });
}

function describe(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const place = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  if (code === "EADDRINUSE") return `${place} is taken by another process; set PORT to a free one`;
  return `cannot start on ${place}: ${error instanceof Error ? error.message : String(error)}`;
}

function fail(message: string): never {
  process.stderr.write(`local-kubernetes: ${message}\n`);
  process.exit(1);
}

// The process: reads the environment, starts the stand-in, writes JSON log lines, stops on a signal.

import { isIP } from "node:net";
import { type LocalAws, startLocalAws } from "./local-aws.ts";
import { ProcessLog, readSettings } from "./process-settings.ts";

const settings = readSettings(process.env);
if (typeof settings === "string") fail(settings);
const log = new ProcessLog(settings.logLevel);

let localAws: LocalAws;
try {
  localAws = await startLocalAws({
    host: settings.host,
    port: settings.port,
    folder: settings.folder,
    seedFolder: settings.seedFolder,
    log: (line) => log.call(line),
  });
} catch (error) {
  fail(describe(error, settings.host, settings.port));
}
log.write("info", { msg: "listening", url: localAws.url });

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    log.write("info", { msg: "stopping", signal });
    // Nothing is left to run once the server is closed, so the process ends by itself, with 0.
    void localAws.close();
  });
}

function describe(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const place = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  if (code === "EADDRINUSE") return `${place} is taken by another process; set PORT to a free one`;
  const words = error instanceof Error ? error.message : String(error);
  return code === undefined ? words : `cannot start on ${place}: ${words}`;
}

function fail(message: string): never {
  process.stderr.write(`local-aws: ${message}\n`);
  process.exit(1);
}

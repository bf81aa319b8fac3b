/** `gpu-dev`: reads what the process is given, runs the command, and ends with its exit code. */
import { CliError, EXIT } from "./cli-error.ts";
import { COMMANDS } from "./commands/table.ts";
import { createContext } from "./create-context.ts";
import { createOutput } from "./output/output.ts";
import { run } from "./run.ts";
import { VERSION } from "./version.ts";

async function main(): Promise<number> {
  const { env, stdout, stderr, argv, execPath } = process;
  const interrupted = new AbortController();
  process.on("SIGINT", () => {
    // whoever asks twice does not want to wait
    if (interrupted.signal.aborted) process.exit(EXIT.interrupted);
    interrupted.abort();
  });
  // the reader has gone, as `head` does: nothing is left to be told
  for (const stream of [stdout, stderr]) stream.on("error", () => process.exit(EXIT.ok));
  const output = createOutput({ env, stdout, stderr, stdin: () => process.stdin });
  const [, script = ""] = argv;
  // from the sources, its packages are found by the same condition as this process found them
  const program = [execPath, ...process.execArgv, script];
  try {
    const context = createContext({
      env,
      output,
      signal: interrupted.signal,
      program,
      version: VERSION,
    });
    return await run(argv.slice(2), COMMANDS, context);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    output.note(`error: ${error.message}`);
    return error.exit;
  }
}

void main().then((code) => {
  process.exitCode = code;
});

/** `gpu-dev`: reads what the process is given, runs the command, and ends with its exit code. */
import { BrokenOff, CliError, EXIT } from "./cli-error.ts";
import { COMMANDS } from "./commands/table.ts";
import { createContext } from "./create-context.ts";
import { createOutput } from "./output/output.ts";
import { writeFailure } from "./output/write-failure.ts";
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
  const output = createOutput({ env, stdout, stderr, stdin: () => process.stdin, interrupted });
  for (const [name, stream] of Object.entries({ stdout, stderr })) {
    stream.on("error", (error) => {
      const failure = writeFailure(name, error);
      if (failure && process.exitCode !== failure.exit) {
        // also for what was done when it turned out
        process.exitCode = failure.exit;
        output.note(`error: ${failure.message}`);
      }
      interrupted.abort(new BrokenOff(failure?.exit ?? EXIT.unread));
    });
  }
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
  process.exitCode ??= code;
});

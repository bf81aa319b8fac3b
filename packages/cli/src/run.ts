/** One run of `gpu-dev`: the words of a command line in, an exit code out. Never rejects. */
import { ofFlags } from "./api/of-flags.ts";
import { BrokenOff, CliError, codeOf, EXIT, type ExitCode } from "./cli-error.ts";
import type { Command } from "./command.ts";
import type { Context } from "./context.ts";
import { fitHelp, helpOf, helpOfAll, helpOfGroup } from "./help.ts";
import { oneLine } from "./output/text-width.ts";
import { type Parsed, parse } from "./parse.ts";

export async function run(
  words: readonly string[],
  commands: readonly Command[],
  context: Context,
): Promise<number> {
  const { output, signal } = context;
  try {
    const parsed = parse(words, commands);
    switch (parsed.kind) {
      case "version":
        output.print(context.version);
        return EXIT.ok;
      case "help": {
        const { command, group } = parsed;
        const text = group ? helpOfGroup(group, commands) : helpOfAll(commands);
        output.raw(fitHelp(command ? helpOf(command) : text, output.width));
        return EXIT.ok;
      }
      case "run":
        return (await carryOut(parsed, context)) ?? EXIT.ok;
    }
  } catch (error) {
    output.clear();
    if (signal.aborted) return exitOfAbort(signal);
    return tell(error, context);
  } finally {
    output.clear();
  }
}

async function carryOut(
  { command, given }: Extract<Parsed, { kind: "run" }>,
  context: Context,
): Promise<number | undefined> {
  try {
    return await command.run(given, context);
  } catch (error) {
    throw ofFlags(error, command.flags);
  }
}

const exitOfAbort = ({ reason }: AbortSignal): ExitCode =>
  reason instanceof BrokenOff ? reason.exit : EXIT.interrupted;

function tell(error: unknown, { output, env }: Context): ExitCode {
  const { paintNote } = output;
  if (!(error instanceof CliError)) {
    // a fault of this program: its trace is for whoever mends it
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    output.note(`${paintNote("red", "gpu-dev has a fault:")} ${text}`);
    return EXIT.failed;
  }
  const { message, next, requestId, exit } = error;
  output.note(`${paintNote("red", "error:")} ${oneLine(message)}`);
  if (next) output.note(`  ${next}`);
  if (requestId) output.note(paintNote("dim", `  request ${oneLine(requestId)}`));
  const code = codeOf(error.cause);
  if (env.GPU_DEV_DEBUG && code) output.note(paintNote("dim", `  ${code}`));
  return exit;
}

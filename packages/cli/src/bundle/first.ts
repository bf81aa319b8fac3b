/** What the bundle begins with: the help of all, made beforehand, so that nothing else is read as code for it. */
import { compileFunction } from "node:vm";
import { fitHelp } from "../help.ts";
import { terminalWidth } from "../output/text-width.ts";
import { writeFailure } from "../output/write-failure.ts";

/** Put in by the bundler. */
declare const HELP: string;
declare const MAIN: string;

const HELP_WORDS: ReadonlySet<string | undefined> = new Set([undefined, "--help", "-h", "help"]);

if (process.argv.length <= 3 && HELP_WORDS.has(process.argv[2])) {
  const { stdout } = process;
  stdout.on("error", (error) => {
    const failure = writeFailure("stdout", error);
    if (!failure) return;
    process.stderr.write(`error: ${failure.message}\n`);
    process.exitCode = failure.exit;
  });
  stdout.write(fitHelp(HELP, terminalWidth(stdout)));
} else {
  const words = ["module", "require"];
  compileFunction(MAIN, words, { filename: __filename })({ exports: {} }, require);
}

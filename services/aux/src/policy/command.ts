/** What `airlock-policy` does with its words: the answer and the exit code. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { CALLER_KINDS, type CallerKind, callerFault } from "./caller-kind.ts";
import { resourceOf } from "./cli-name.ts";
import { type Explanation, explain } from "./explain.ts";
import { seemsToReachFurther } from "./parameter-glob.ts";
import { PolicyError, readPolicy } from "./parse-policy.ts";
import { type Rule, VERBS } from "./rule.ts";

const HELP = `Checks an access policy and says what it decides.

  airlock-policy check <file>                      prints what is wrong, line by line
  airlock-policy explain <caller> <verb> <name>    says which rule decides, and why no other does

Caller   the verified name, such as the claim in a token or, for the owner of an
         API key, aws:<account>:<role>:<session>; or anonymous
Verb     ${VERBS.join(", ")}
Name     /a/b or a            a parameter; a and /a are one
         arn:aws:ssm:…        a parameter that another account shares
         s3://bucket          a bucket
         s3://bucket/key      an object
         s3://bucket/prefix*  with list: whatever begins so

Options
  --callers <kind> who may come: ${CALLER_KINDS.join(", ")} (ACCESS_POLICY_CALLERS, else any)
  --help           this text

Options of explain
  --file <file>    the policy (ACCESS_POLICY_FILE)
  --group <name>   a group in the caller's token; may be given several times
  --decrypt        a SecureString, shown in the clear

Exit code: 0 allowed or without fault, 1 denied or faulty, 2 wrong usage or no usable policy.
`;

export interface Answer {
  readonly text: string;
  readonly exitCode: 0 | 1;
}

/** The words, or what they name, cannot be used. */
export class UsageError extends Error {}

const OPTIONS = {
  callers: { type: "string" },
  file: { type: "string" },
  group: { type: "string", multiple: true },
  decrypt: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/**
 * @param defaultFile the policy for explain where no other is named.
 * @param defaultCallers who may come, where it is not said otherwise.
 * @throws UsageError; PolicyError for a policy that nothing can be explained with.
 */
export function answer(
  words: readonly string[],
  defaultFile: string | undefined,
  defaultCallers?: string,
): Answer {
  const { values, positionals } = readArguments(words);
  const [command, ...rest] = positionals;
  if (values.help) return { text: HELP, exitCode: 0 };
  const callers = kindOf(values.callers ?? (defaultCallers || "any"));
  if (command === "check") return check(rest, callers);
  if (command === "explain") return explainTo(rest, { file: defaultFile, ...values, callers });
  throw new UsageError("the first word must be check or explain");
}

function readArguments(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function kindOf(word: string): CallerKind {
  const kind = CALLER_KINDS.find((one) => one === word.trim().toLowerCase());
  if (kind) return kind;
  throw new UsageError(`${word} is no kind of callers: ${CALLER_KINDS.join(", ")}`);
}

function check(words: readonly string[], callers: CallerKind): Answer {
  const [file] = words;
  if (file === undefined || words.length > 1) throw new UsageError("check takes one file");
  try {
    const { rules } = readPolicy(textOf(file), callers);
    const lines = [`${file}: ${rules.length} rule(s), no fault`, ...rules.flatMap(noteOn)];
    return { text: `${lines.join("\n")}\n`, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { text: `${error.message}\n`, exitCode: 1 };
  }
}

/** What its author may not know of a rule that has no fault. */
function noteOn({ id, line, parameters }: Rule): string[] {
  const glob = parameters.find(seemsToReachFurther);
  if (!glob) return [];
  return [
    `line ${line}: ${id}: ${glob.text} is about no name under /aws/ and no ARN; a rule must spell those`,
  ];
}

interface Values {
  readonly callers: CallerKind;
  readonly file: string | undefined;
  readonly group?: string[];
  readonly decrypt: boolean;
}

function explainTo(words: readonly string[], { callers, file, group, decrypt }: Values): Answer {
  const [caller, verbWord, name] = words;
  if (caller === undefined || name === undefined || words.length > 3) {
    throw new UsageError("explain takes a caller, a verb and a name");
  }
  const stranger = callerFault(caller, callers);
  if (stranger) throw new UsageError(stranger);
  const verb = VERBS.find((one) => one === verbWord);
  if (!verb) throw new UsageError(`${verbWord} is no verb: ${VERBS.join(", ")}`);
  const resource = resourceOf(name, verb, decrypt);
  if (!resource) throw new UsageError(`${name} is no name of a parameter, a bucket or an object`);
  if (!file) throw new UsageError("which policy? Give --file or set ACCESS_POLICY_FILE");
  const policy = readPolicy(textOf(file), callers);
  const explanation = explain(policy, { caller, groups: group }, verb, resource);
  const { allow } = explanation.decision;
  const first = `${allow ? "allow" : "deny"}: ${caller} ${verb} ${name}`;
  return { text: `${first}\n${listOf(explanation)}`, exitCode: allow ? 0 : 1 };
}

function listOf({ decision, rules }: Explanation): string {
  const width = Math.max(...rules.map(({ rule }) => rule.id.length));
  const lines = rules.map(({ rule: { id, line, effect }, says }) => {
    return `  line ${String(line).padEnd(4)} ${id.padEnd(width)}  ${effect.padEnd(5)}  ${says}`;
  });
  if (decision.rule === "default") lines.push("  no rule allows it, so it is denied");
  return `${lines.join("\n")}\n`;
}

/** Of a policy, or of the installation (k8s/overlays) that it is a part of; lines are counted within the policy. */
function textOf(file: string): string {
  try {
    const text = readFileSync(file, "utf8");
    const whole: unknown = /^kind: Installation$/m.test(text) ? parse(text) : undefined;
    const { spec } = (whole ?? {}) as { spec?: { accessPolicy?: unknown } };
    return typeof spec?.accessPolicy === "string" ? spec.accessPolicy : text;
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "no YAML"})`,
    );
  }
}

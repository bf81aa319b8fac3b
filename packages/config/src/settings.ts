/** Reads a service's settings from environment variables: all problems at once, the result frozen. */
import * as z from "zod";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A wrong environment. `problems` holds one sentence per variable, each opening with its name. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`${problems.length} setting(s) are wrong:\n${problems.map((p) => `  ${p}`).join("\n")}`);
    this.name = "SettingsError";
    this.problems = problems;
  }
}

/**
 * Validates the variables a schema names and returns them, typed and frozen.
 *
 * An empty variable counts as unset, because a ConfigMap cannot leave a key out. The value of a
 * wrong variable is not repeated in the error: it may be a secret.
 *
 * @param otherProblems found in the same environment by rules that no schema can hold.
 * @throws SettingsError naming every wrong variable.
 */
export function loadSettings<S extends z.ZodObject>(
  schema: S,
  env: Environment,
  otherProblems: readonly string[] = [],
): Readonly<z.infer<S>> {
  const input: Record<string, string> = {};
  for (const key of Object.keys(schema.shape)) {
    const value = env[key]?.trim();
    if (value) input[key] = value;
  }
  const result = schema.safeParse(input);
  if (result.success && otherProblems.length === 0) return Object.freeze(result.data);
  const problems = (result.error?.issues ?? []).map((issue) => {
    const key = issue.path.join(".") || "settings";
    return `${key}: ${key in input || issue.code === "custom" ? issue.message : "is required"}`;
  });
  throw new SettingsError([...new Set(problems), ...otherProblems]);
}

export interface SettingDescription {
  readonly name: string;
  readonly description: string;
  /** As a person would write it; undefined when there is none. */
  readonly default: string | undefined;
  readonly required: boolean;
}

/** Lists the variables of a schema, for `.env.example` and the README's tables. */
export function describeSettings(schema: z.ZodObject): SettingDescription[] {
  return Object.entries(schema.shape).map(([name, type]) => {
    const fallback = defaultOf(type);
    return {
      name,
      description: (type as z.ZodType).description ?? "",
      default: fallback === undefined ? undefined : textOf(fallback) || undefined,
      required: !(type as z.ZodType).safeParse(undefined).success,
    };
  });
}

/** Lists by comma, and of names and values `name=value`: as the variable is written. */
const textOf = (value: unknown): string =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? String(Object.entries(value).map(([name, one]) => `${name}=${one}`))
    : String(value);

function defaultOf(type: z.core.$ZodType): unknown {
  if (type instanceof z.ZodDefault) return type.def.defaultValue;
  if (type instanceof z.ZodPipe) return defaultOf(type.def.in);
  if (type instanceof z.ZodOptional) return defaultOf(type.def.innerType);
  return undefined;
}

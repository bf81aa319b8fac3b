/** What a command is: a row of the table, from which parsing, help and completion are all made. */
import type { Context } from "./context.ts";

/** What an argument names, for completion. */
export type Names = "job" | "disk" | "deleted disk" | "gpu type" | "key" | "config key" | "file";

export interface Flag {
  /** How its value is called in help, such as HOURS; without it the flag is a switch. */
  readonly value?: string;
  readonly short?: string;
  /** May be given several times. */
  readonly many?: true;
  readonly about: string;
  readonly names?: Names;
  /** How the API calls it, where it refuses what was given. */
  readonly wire?: string;
}
export type Flags = Readonly<Record<string, Flag>>;

type ValueOf<F extends Flag> = F extends { many: true }
  ? readonly string[]
  : F extends { value: string }
    ? string | undefined
    : boolean;
export type ValuesOf<F extends Flags> = { readonly [K in keyof F]: ValueOf<F[K]> };

export interface Operand {
  /** How it is called in help, such as ID. */
  readonly name: string;
  readonly isOptional?: true;
  readonly many?: true;
  readonly names?: Names;
}

export interface Given<F extends Flags> {
  readonly flags: ValuesOf<F>;
  readonly operands: readonly string[];
  /** What stands behind `--`. */
  readonly rest: readonly string[];
}

export interface CommandSpec<F extends Flags> {
  /** One to three words. */
  readonly name: string;
  /** Other names that do the same. */
  readonly aliases?: readonly string[];
  readonly about: string;
  readonly operands?: readonly Operand[];
  /** What may stand behind `--`, in help; without it there is no difference. */
  readonly rest?: string;
  readonly flags: F;
  /** Further paragraphs of its help. */
  readonly more?: string;
  readonly examples?: readonly string[];
  /** Carried out by other programs, such as ssh: not shown in the list. */
  readonly isInner?: true;
  /** @returns an exit code, which may be that of another program; undefined for 0. */
  run(given: Given<F>, context: Context): Promise<number | undefined>;
}

/** A command whose flags nobody knows by type: those that it declares are there when it runs. */
export type Command = Omit<CommandSpec<Flags>, "run"> & {
  run(given: Given<Flags>, context: Context): Promise<number | undefined>;
};

export const command = <const F extends Flags>(spec: CommandSpec<F>): Command =>
  // parse() fills in every flag that the command declares, of the type that it declares
  spec as unknown as Command;

export const JSON_FLAG = {
  json: { about: "print JSON, for programs" },
} as const satisfies Flags;

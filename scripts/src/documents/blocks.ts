/** The code blocks of a document, each with the mark above it that says who runs it, or why nobody can. */

/**
 * An HTML comment in the line above a block, which readers do not see:
 * `run`: a test runs it beside a `start`, and compares what it prints with the comments below its commands;
 * `checked by FILE`: that file reads it out of the document; `needs WHAT`: it needs what a test has not;
 * `shown`: a picture or an answer, which nobody runs.
 */
export type Mark =
  | { readonly kind: "run" }
  | { readonly kind: "checked"; readonly file: string }
  | { readonly kind: "needs"; readonly what: string }
  | { readonly kind: "shown" };

export interface Block {
  /** Of its first fence, from 1. */
  readonly line: number;
  /** Empty where the fence names none. */
  readonly language: string;
  readonly text: string;
  /** Undefined where there is none that can be read. */
  readonly mark: Mark | undefined;
}

/** @throws Error for a block that has no end. */
export function blocksOf(document: string): Block[] {
  const lines = document.split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent = "", fence = "", language = ""] =
      /^( *)(`{3,}|~{3,})\s*(\S*)/.exec(lines[at] ?? "") ?? [];
    if (!fence) continue;
    const length = lines.slice(at + 1).findIndex((line) => line.trim() === fence);
    if (length < 0) throw new Error(`line ${at + 1}: the block has no end`);
    const text = lines.slice(at + 1, at + 1 + length).map((line) => line.slice(indent.length));
    blocks.push({
      line: at + 1,
      language,
      text: text.map((line) => `${line}\n`).join(""),
      mark: markOf(lines[at - 1] ?? ""),
    });
    at += length + 1;
  }
  return blocks;
}

function markOf(line: string): Mark | undefined {
  const [, word, rest = ""] =
    /^ *<!-- (run|checked by|needs|shown)(?: (\S.*))? -->$/.exec(line) ?? [];
  if (word === "run" && !rest) return { kind: "run" };
  if (word === "shown" && !rest) return { kind: "shown" };
  if (word === "checked by" && rest) return { kind: "checked", file: rest };
  if (word === "needs" && rest) return { kind: "needs", what: rest };
  return undefined;
}

/** A program that stands in a document, to be run. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { blocksOf } from "./blocks.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The one block of a language. @throws Error where there is none, or more of them. */
export async function programIn(document: string, language: string): Promise<string> {
  const blocks = blocksOf(await readFile(join(ROOT, document), "utf8"));
  const [program, ...others] = blocks.filter((block) => block.language === language);
  if (!program || others.length > 0)
    throw new Error(`${document} has not one block of ${language}`);
  return program.text;
}

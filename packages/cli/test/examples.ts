/** The program of docs/login.md, as it stands there. */
import { readFile } from "node:fs/promises";

const PAGE = new URL("../../../docs/login.md", import.meta.url);

/** @param language as its block names it. */
export async function exampleIn(language: string): Promise<string> {
  const text = await readFile(PAGE, "utf8");
  const [, code] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(text) ?? [];
  if (code === undefined) throw new Error(`docs/login.md has no ${language}`);
  return code;
}

/** The programs of docs/login.md, as they stand there. */
import { readFile } from "node:fs/promises";

const PAGE = new URL("../../../docs/login.md", import.meta.url);

/** @param name as in its mark, such as `login.py`. */
export async function exampleOf(name: string): Promise<string> {
  const text = await readFile(PAGE, "utf8");
  const mark = `<!-- example:${name} -->\n`;
  const [, code] = /^```\w+\n(.*?)^```$/ms.exec(text.slice(text.indexOf(mark) + mark.length)) ?? [];
  if (code === undefined || !text.includes(mark)) throw new Error(`docs/login.md has no ${name}`);
  return code;
}

/** Reads what an access is made of out of files. */
import { readFile } from "node:fs/promises";
import { AccessError } from "./access.ts";

/** A CA bundle of a large company fits, a mistaken path to something else does not. */
const MAX_BYTES = 1024 * 1024;

/** @throws AccessError which names the file, never what is in it. */
export async function readAccessFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    throw new AccessError(`${path} cannot be read (${code ?? "error"})`);
  }
  if (text.length > MAX_BYTES) throw new AccessError(`${path} is too large`);
  return text;
}

/** @throws AccessError for what would not be one header, or none at all. */
export function bearer(token: string, from: string): string {
  const trimmed = token.trim();
  if (!/^[\x21-\x7e]+$/.test(trimmed)) throw new AccessError(`${from} holds no token`);
  return `Bearer ${trimmed}`;
}

/** @throws AccessError for what is no certificate and no key. */
export function pem(text: string, from: string): string {
  if (!text.includes("-----BEGIN ")) throw new AccessError(`${from} is not in PEM`);
  return text;
}

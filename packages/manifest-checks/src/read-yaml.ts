/** Reads YAML files; a duplicate key or a syntax error is a fault of the file, with its name. */
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

/** The documents of a file; empty ones are left out. @throws Error naming the file and the line. */
export function readDocuments(path: string): unknown[] {
  return parseDocuments(readFileSync(path, "utf8"), path);
}

/** By text: a base is read for each world that stands on it, and what was read is never changed. */
const known = new Map<string, readonly unknown[]>();

/** @param where named in errors. */
export function parseDocuments(text: string, where: string): unknown[] {
  const documents = known.get(text) ?? parse(text, where);
  known.set(text, documents);
  return [...documents];
}

function parse(text: string, where: string): unknown[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents
    .map((document) => {
      const [error] = [...document.errors, ...document.warnings];
      if (error) throw new Error(`${where}: ${error.message}`);
      return document.toJS() as unknown;
    })
    .filter((value) => value !== null && value !== undefined);
}

// Reads a folder of values to begin with: parameters.yaml, and objects/<bucket>/<key>.

import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { parse } from "yaml";
import { describeIssues } from "./faults/fault-schema.ts";
import { BUCKET_NAME } from "./s3/bucket-operations.ts";
import type { Seed, SeedObject } from "./seed.ts";
import { type BulkParameter, bulkParameter } from "./ssm/bulk-parameters.ts";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".gz": "application/gzip",
  ".html": "text/html",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".md": "text/markdown",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".txt": "text/plain",
  ".xml": "application/xml",
  ".yaml": "application/yaml",
  ".yml": "application/yaml",
};

/** Throws an Error that names the file, or the parameter in it, that does not fit. */
export async function readSeedFolder(folder: string): Promise<Seed> {
  const parametersFile = join(folder, "parameters.yaml");
  const objectsFolder = join(folder, "objects");
  const [hasParameters, hasObjects] = [existsSync(parametersFile), existsSync(objectsFolder)];
  if (!hasParameters && !hasObjects) {
    throw new Error(`${folder} has neither parameters.yaml nor objects/`);
  }
  const buckets = hasObjects ? await bucketsIn(objectsFolder) : [];
  const objects = await Promise.all(buckets.map((bucket) => objectsIn(objectsFolder, bucket)));
  return {
    parameters: hasParameters ? await parametersIn(parametersFile) : [],
    buckets,
    objects: objects.flat(),
  };
}

async function parametersIn(file: string): Promise<BulkParameter[]> {
  const refuse = (why: string) => new Error(`${file}: ${why}`);
  let document: unknown;
  try {
    // every value is text to SSM: 010 and 1.0 stay as they are written
    document = parse(await readFile(file, "utf8"), { schema: "failsafe" });
  } catch (error) {
    throw refuse(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
  }
  if (!isMap(document)) throw refuse("must be a map of names to values");
  return Object.entries(document).map(([name, said]) => {
    const parsed = bulkParameter.safeParse(isMap(said) ? { ...said, name } : { name, value: said });
    if (!parsed.success) throw refuse(`${name}: ${describeIssues(parsed.error)}`);
    return parsed.data;
  });
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function bucketsIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith("."));
  for (const name of names) {
    const place = join(folder, name);
    if (!(await stat(place)).isDirectory()) throw new Error(`${place} lies in no bucket's folder`);
    if (!BUCKET_NAME.test(name)) throw new Error(`${place}: not a name that a bucket can have`);
  }
  return names.sort();
}

async function objectsIn(folder: string, bucket: string): Promise<SeedObject[]> {
  const root = join(folder, bucket);
  const objects: SeedObject[] = [];
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    const file = join(root, name);
    if (!(await stat(file)).isFile()) continue;
    objects.push({
      bucket,
      key: relative(root, file).split(sep).join("/"),
      contentType: CONTENT_TYPES[extname(name).toLowerCase()] ?? "binary/octet-stream",
      body: await readFile(file),
    });
  }
  return objects;
}

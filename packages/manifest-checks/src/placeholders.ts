/** What is an example still in what a cluster would be given: an installation chooses its own. */
import { isMapping, type K8sObject, nameOf } from "./objects.ts";

/** Names that nobody can have, the account and the addresses of documents, and identifiers of zeros. */
const EXAMPLES: readonly RegExp[] = [
  /[\w@/:.-]*\bexample\.(?:com|org|net)\b/,
  /\bgithub\.com\/example\/[\w-]+/,
  /\brepo:example\/[\w:-]+/,
  /\b111122223333\b/,
  /\b(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}(?:\/\d+)?/,
  /\/EXAMPLE[A-Z0-9]*\b/,
  /\b0{8}-0{4}-0{4}-0{4}-0{12}\b/,
  /sha256:0{64}/,
  /\ba1b2c3d4e5\b/,
  // the names of buckets are of all the world
  /\bairlock-(?:data|logs|backups)-(?:dev|qa|prod)\b/,
];

/** Each example that is in the values of `objects`, with an object that it is in. Keys are names of ours, and none. */
export function placeholdersIn(objects: readonly K8sObject[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const object of objects) {
    for (const text of textsIn(object)) {
      for (const pattern of EXAMPLES) {
        for (const [example] of text.matchAll(new RegExp(pattern, "g")))
          if (!found.has(example)) found.set(example, nameOf(object));
      }
    }
  }
  return found;
}

function textsIn(node: unknown): string[] {
  if (typeof node === "string") return [node];
  if (Array.isArray(node)) return node.flatMap(textsIn);
  return isMapping(node) ? Object.values(node).flatMap(textsIn) : [];
}

/** What an older server does not have: kinds and fields are left out of what it is given, and told. */
import { isMapping, type K8sObject } from "../../../packages/manifest-checks/src/objects.ts";
import type { Kubectl } from "./kubectl.ts";

/** Fields in use that came after 1.20. */
const NEWER_FIELDS = ["matchLabelKeys", "unhealthyPodEvictionPolicy"];

export interface Served {
  /** `objects` without what the server lacks. */
  readonly of: (objects: readonly K8sObject[]) => K8sObject[];
  /** What it lacks of them, by name. */
  readonly missingOf: (objects: readonly K8sObject[]) => string[];
}

/** @param objects everything that will be asked about. */
export async function askServed(kubectl: Kubectl, objects: readonly K8sObject[]): Promise<Served> {
  const versions = [...new Set(objects.map(({ apiVersion }) => apiVersion))];
  const kinds = new Set((await Promise.all(versions.map((one) => kindsOf(kubectl, one)))).flat());
  const schemas = await kubectl(["get", "--raw", "/openapi/v2"]);
  const lacking = NEWER_FIELDS.filter((name) => !schemas.includes(`"${name}":`));
  const isServed = ({ apiVersion, kind }: K8sObject) => kinds.has(`${kind} ${apiVersion}`);
  return {
    of: (all) => all.filter(isServed).map((object) => without(object, lacking)),
    missingOf(all) {
      const left = all.filter((object) => !isServed(object));
      const kinds = Map.groupBy(left, ({ kind, apiVersion }) => `${kind} of ${apiVersion}`);
      const names = [...kinds].map(([kind, objects]) => {
        const own = new Set(objects.map(({ metadata }) => metadata.name));
        return `${kind} (${[...own].join(", ")})`;
      });
      const text = JSON.stringify(all.filter(isServed));
      const fields = lacking.filter((name) => text.includes(`"${name}":`));
      return [...names, ...fields.map((name) => `the field ${name}`)];
    },
  };
}

async function kindsOf(kubectl: Kubectl, apiVersion: string): Promise<string[]> {
  const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const answer = await kubectl(["get", "--raw", path]).catch((error: Error) => {
    if (/NotFound|could not find the requested resource/i.test(error.message)) return undefined;
    throw error;
  });
  const { resources = [] } = JSON.parse(answer ?? "{}") as { resources?: { kind: string }[] };
  return resources.map(({ kind }) => `${kind} ${apiVersion}`);
}

function without<T>(node: T, names: readonly string[]): T {
  if (Array.isArray(node)) return node.map((item: unknown) => without(item, names)) as T;
  if (!isMapping(node)) return node;
  const entries = Object.entries(node).filter(([key]) => !names.includes(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, without(value, names)])) as T;
}

/** The file of GPU types: which machines jobs can ask for, or a sentence for each thing that is wrong. */
import { readFileSync } from "node:fs";
import { sentencesOf } from "@airlock/contract";
import { LineCounter, parseDocument } from "yaml";
import * as z from "zod";

export interface GpuType {
  readonly gpuType: string;
  /** What Kubernetes calls one of its GPUs. */
  readonly resourceName: string;
  /** One at least; no other type has any of them. */
  readonly instanceTypes: readonly string[];
  /** Of one node; 0 for a type by slots. */
  readonly gpus: number;
  /** Jobs on one node without GPUs; 0 for the others. */
  readonly slots: number;
  /** Of one node. */
  readonly cpus: number;
  readonly memoryGb: number;
}

/** The message has a line for each fault. */
export class GpuTypesError extends Error {}

const whole = (max: number) => {
  const error = `must be a whole number from 1 to ${max}`;
  return z.int({ error }).min(1, { error }).max(max, { error });
};
const text = (pattern: RegExp, error: string) => z.string({ error }).regex(pattern, { error });

/** As a label of DNS, since names of nodes and metrics hold it. */
const typeName = text(/^[a-z0-9][a-z0-9-]{0,49}$/, "must be a word such as h100, in lower case");
const instanceType = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
  "must be the type of a machine, such as p5.48xlarge",
);
/** Kubernetes, "Extended resources": a domain and a name. */
const resourceName = text(
  /^(?=.{1,317}$)[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
  "must be what a node calls its GPUs, such as nvidia.com/gpu",
);

/** Of a mapping: what it should have been; which of its members is none has its own words. */
const unlessUnknown =
  (words: string): z.core.$ZodErrorMap =>
  ({ code }) =>
    code === "unrecognized_keys" ? undefined : words;

const Entry = z
  .strictObject(
    {
      type: typeName,
      instance_types: z
        .array(instanceType, { error: "must be a list of types of machines" })
        .min(1, { error: "must name one type of machine at least" }),
      resource: resourceName.optional(),
      gpus: whole(64).optional(),
      slots: whole(1000).optional(),
      cpus: whole(4096),
      memory_gb: whole(131_072),
    },
    { error: unlessUnknown("must have type, instance_types, gpus or slots, cpus and memory_gb") },
  )
  .superRefine(({ gpus, slots, resource }, context) => {
    const fail = (message: string) => context.addIssue({ code: "custom", message });
    if (gpus === undefined && slots === undefined) {
      fail("needs gpus, or slots where its machines have none");
    }
    if (gpus !== undefined && slots !== undefined) fail("has gpus or slots, not both");
    if (gpus === undefined && resource !== undefined) fail("has a resource, and no gpus");
  });

const File = z.strictObject(
  {
    gpu_types: z
      .array(Entry, { error: "must be a list" })
      .min(1, { error: "must hold one type at least" })
      .max(100, { error: "may hold 100 types" }),
  },
  { error: unlessUnknown("must be a mapping with gpu_types") },
);

/** @throws GpuTypesError that begins with the setting's name. */
export function readGpuTypes(path: string): GpuType[] {
  try {
    return parseGpuTypes(readFileSync(path, "utf8"));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new GpuTypesError(`GPU_TYPES_FILE: ${words.replaceAll("\n", "\nGPU_TYPES_FILE: ")}`);
  }
}

/** @throws GpuTypesError */
export function parseGpuTypes(source: string): GpuType[] {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const faults = document.errors.map(
      ({ pos, message }) => `line ${lines.linePos(pos[0]).line}: ${message}`,
    );
    throw new GpuTypesError(faults.join("\n"));
  }
  const said: unknown = document.toJS();
  const read = File.safeParse(said, { reportInput: true });
  if (!read.success) {
    throw new GpuTypesError(sentencesOf(read.error, said, "the file").join("\n"));
  }
  const faults = clashesIn(read.data);
  if (faults.length > 0) throw new GpuTypesError(faults.join("\n"));
  return read.data.gpu_types.map((entry) => ({
    gpuType: entry.type,
    resourceName: entry.resource ?? "nvidia.com/gpu",
    instanceTypes: entry.instance_types,
    gpus: entry.gpus ?? 0,
    slots: entry.slots ?? 0,
    cpus: entry.cpus,
    memoryGb: entry.memory_gb,
  }));
}

function clashesIn({ gpu_types }: z.infer<typeof File>): string[] {
  const faults: string[] = [];
  const types = new Set<string>();
  const owners = new Map<string, string>();
  for (const [index, { type, instance_types }] of gpu_types.entries()) {
    if (types.has(type)) faults.push(`gpu_types[${index}].type: ${type} stands above already`);
    types.add(type);
    for (const [at, one] of instance_types.entries()) {
      const owner = owners.get(one);
      const place = `gpu_types[${index}].instance_types[${at}]: `;
      if (owner !== undefined) faults.push(`${place}${one} is a machine of ${owner} already`);
      owners.set(one, type);
    }
  }
  return faults;
}

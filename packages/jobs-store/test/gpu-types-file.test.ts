/** The file of GPU types: what it may say, and the sentence for what it may not. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parse } from "yaml";
import { parseGpuTypes, readGpuTypes } from "../src/gpu-types-file.ts";

const H100 = "{type: h100, instance_types: [p5.48xlarge], gpus: 8, cpus: 192, memory_gb: 2048}";
const CPU = "{type: cpu-x86, instance_types: [c7i.8xlarge], slots: 3, cpus: 32, memory_gb: 64}";
const fileOf = (...entries: string[]) =>
  `gpu_types:\n${entries.map((one) => `  - ${one}\n`).join("")}`;

test("types with GPUs and types by slots", () => {
  const mig =
    "{type: a100-slice, instance_types: [p4d.24xlarge, p4de.24xlarge], resource: nvidia.com/mig-3g.40gb, gpus: 16, cpus: 96, memory_gb: 1152}";
  assert.deepEqual(parseGpuTypes(fileOf(H100, mig, CPU)), [
    {
      gpuType: "h100",
      resourceName: "nvidia.com/gpu",
      instanceTypes: ["p5.48xlarge"],
      gpus: 8,
      slots: 0,
      cpus: 192,
      memoryGb: 2048,
    },
    {
      gpuType: "a100-slice",
      resourceName: "nvidia.com/mig-3g.40gb",
      instanceTypes: ["p4d.24xlarge", "p4de.24xlarge"],
      gpus: 16,
      slots: 0,
      cpus: 96,
      memoryGb: 1152,
    },
    {
      gpuType: "cpu-x86",
      resourceName: "nvidia.com/gpu",
      instanceTypes: ["c7i.8xlarge"],
      gpus: 0,
      slots: 3,
      cpus: 32,
      memoryGb: 64,
    },
  ]);
});

for (const [name, source, sentence] of [
  ["nothing", "", /^the file: must be a mapping with gpu_types; it was /],
  ["a list", "- a", /^the file: must be a mapping with gpu_types; it was /],
  ["another member", `${fileOf(H100)}types: []\n`, /^types: is not known here$/],
  ["no types", "gpu_types: []", /^gpu_types: must hold one type at least; it was a list of 0$/],
  ["broken YAML", "gpu_types:\n  - {type: h100", /^line \d: /],
  ["a member twice", fileOf("{type: a, type: b}"), /^line 2: /],
  ["a word for a type", fileOf("h100"), /^gpu_types\[0\]: must have type, /],
  ["upper case", fileOf(H100.replace("h100", "H100")), /^gpu_types\[0\]\.type: must be a word /],
  ["a type twice", fileOf(H100, H100), /^gpu_types\[1\]\.type: h100 stands above already$/m],
  ["no machine", fileOf(H100.replace("[p5.48xlarge]", "[]")), /instance_types: must name one /],
  [
    "one machine bare",
    fileOf(H100.replace("[p5.48xlarge]", "p5")),
    /instance_types: must be a list /,
  ],
  [
    "a machine of two types",
    fileOf(H100, H100.replace("h100", "h100b")),
    /^gpu_types\[1\]\.instance_types\[0\]: p5\.48xlarge is a machine of h100 already$/,
  ],
  [
    "a misspelt member",
    fileOf(H100.replace("cpus", "cpu")),
    /gpu_types\[0\]\.cpu: is not known here$/m,
  ],
  ["no CPUs", fileOf(H100.replace("cpus: 192", "cpus: 0")), /cpus: must be a whole number from 1 /],
  ["half a GPU", fileOf(H100.replace("gpus: 8", "gpus: 0.5")), /gpus: must be a whole number /],
  [
    "a number as text",
    fileOf(H100.replace("gpus: 8", 'gpus: "8"')),
    /gpus: must be a whole number /,
  ],
  ["neither GPUs nor slots", fileOf(H100.replace("gpus: 8, ", "")), /needs gpus, or slots /],
  [
    "GPUs and slots",
    fileOf(H100.replace("gpus: 8", "gpus: 8, slots: 2")),
    /gpus or slots, not both$/,
  ],
  [
    "a resource without GPUs",
    fileOf(CPU.replace("slots", "resource: nvidia.com/gpu, slots")),
    /has a resource, and no gpus$/,
  ],
  [
    "a resource that is none",
    fileOf(H100.replace("gpus: 8", "resource: gpu, gpus: 8")),
    /resource: must be what a node calls /,
  ],
] as const) {
  test(`a file with ${name} is refused in a sentence`, () => {
    assert.throws(() => parseGpuTypes(source), { message: sentence });
  });
}

test("all that is wrong is said at once, each line with the name of the setting", () => {
  const missing = new URL("./none.yaml", import.meta.url).pathname;
  assert.throws(() => readGpuTypes(missing), { message: /^GPU_TYPES_FILE: ENOENT/ });
  const source = fileOf(H100.replace("gpus: 8", "gpus: 0").replace("cpus: 192", "cpus: -1"));
  assert.throws(() => parseGpuTypes(source), { message: /gpus: .*\n.*cpus: / });
});

test("the ConfigMap of k8s/ is such a file", async () => {
  const manifest = new URL("../../../k8s/base/jobs/gpu-types.yaml", import.meta.url);
  const { data } = parse(await readFile(manifest, "utf8"));
  assert.equal(parseGpuTypes(data["gpu-types.yaml"]).length, 10);
});

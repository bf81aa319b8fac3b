/** The types of machines, read from the database now and then. */
import { listMachineTypes, type MachineTypeRow, type Store } from "@airlock/jobs-store";

export interface MachineTypes {
  all(): Promise<readonly MachineTypeRow[]>;
  find(gpuType: string): Promise<MachineTypeRow | undefined>;
  /** Tells the names of resources that are GPUs of some type. */
  gpuNames(): Promise<(resourceName: string) => boolean>;
}

/** A migration may change them while this process runs. */
const FRESH_MS = 10_000;

export function createMachineTypes({ pool }: Pick<Store, "pool">): MachineTypes {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let types: Promise<readonly MachineTypeRow[]> = Promise.resolve([]);
  const all = () => {
    if (performance.now() - readAtMs > FRESH_MS) {
      readAtMs = performance.now();
      types = listMachineTypes(pool);
      types.catch(() => {
        readAtMs = Number.NEGATIVE_INFINITY;
      });
    }
    return types;
  };
  return {
    all,
    async gpuNames() {
      const names = new Set((await all()).map(({ resource_name }) => resource_name));
      return (name) => names.has(name);
    },
    find: async (gpuType) => (await all()).find(({ gpu_type }) => gpu_type === gpuType),
  };
}

/** What a rule is: one item of the checklist, with the names that public linters give it. */
import type { K8sObject } from "./objects.ts";
import type { Workload, World } from "./world.ts";
import { workloads } from "./world.ts";

/** Says what is wrong with an object, in a sentence that could follow its name. */
export type Report = (object: K8sObject, sentence: string) => void;

export interface Rule {
  /** The name in messages and in waivers: `<domain>/waive-<id>`. */
  readonly id: string;
  /** Number in the checklist (src/checklist.ts). */
  readonly item: number;
  /** `kube-linter …`, `kube-score …`, `polaris …`, `pss …`; empty when none has it. */
  readonly linters: readonly string[];
  check(world: World, report: Report): void;
}

/** A rule about each pod template. */
export function podRule(
  id: string,
  item: number,
  linters: readonly string[],
  check: (workload: Workload, report: (sentence: string) => void, world: World) => void,
): Rule {
  return {
    id,
    item,
    linters,
    check(world, report) {
      for (const workload of workloads(world)) {
        check(workload, (sentence) => report(workload.object, sentence), world);
      }
    },
  };
}

/** A rule about each container; the sentence is opened with the container's name. */
export function containerRule(
  id: string,
  item: number,
  linters: readonly string[],
  check: (
    container: Workload["containers"][number],
    workload: Workload,
  ) => string | undefined | false,
): Rule {
  return podRule(id, item, linters, (workload, report) => {
    for (const container of workload.containers) {
      const sentence = check(container, workload);
      if (sentence) report(`container ${container.name} ${sentence}`);
    }
  });
}

/** A rule about each container that serves, which those that end before it do not. */
export function servingRule(...args: Parameters<typeof containerRule>): Rule {
  const [id, item, linters, check] = args;
  return containerRule(
    id,
    item,
    linters,
    (container, workload) =>
      !workload.pod.initContainers?.includes(container) && check(container, workload),
  );
}

/** A rule about each object of one kind. */
export function objectRule<T>(
  id: string,
  item: number,
  linters: readonly string[],
  kinds: readonly string[],
  check: (object: T & K8sObject, world: World) => string | undefined | false,
): Rule {
  return {
    id,
    item,
    linters,
    check(world, report) {
      for (const object of world.objects.filter(({ kind }) => kinds.includes(kind))) {
        const sentence = check(object as T & K8sObject, world);
        if (sentence) report(object, sentence);
      }
    },
  };
}

/** Item 31: what the next version and the next setting need, by kubectl as by Argo CD. */
import { isDeepStrictEqual } from "node:util";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IContainer } from "kubernetes-models/v1/Container";
import { objectRule, podRule, type Rule } from "../rule.ts";
import { envOf, workloads } from "../world.ts";

/** Where the database is; who asks may differ, as a migration may have a user of its own. */
const DATABASE =
  /^(ENVIRONMENT|DATABASE_(URL|SSLMODE|CA_FILE)|POSTGRES_(HOST|PORT|DB)|.*QUEUE_NAME)$/;

/** What jobs tells and the processor does by: the same for both. */
export const SHARED_SETTINGS: readonly string[] = [
  "QUEUE_ORDER",
  "MAX_WAIT_HOURS",
  "MAX_JOB_HOURS",
];

/** Files that are read again when they change. */
const FOLLOWED = new Set(["ACCESS_POLICY_FILE", "ROLLOUT_FILE"]);

export const releaseRules: readonly Rule[] = [
  objectRule<{ immutable?: boolean } & Pick<IDeployment, "spec">>(
    "applied-again",
    31,
    [],
    ["Job", "Pod", "ConfigMap", "Secret", "Deployment"],
    ({ kind, metadata, immutable, spec }) => {
      if (kind === "Job" || kind === "Pod")
        return `must not be a ${kind}, whose template can never be changed: the next version could not be applied`;
      if (immutable) return "must not be immutable under a fixed name";
      const selector = { "app.kubernetes.io/name": metadata.name };
      return (
        kind === "Deployment" &&
        !isDeepStrictEqual(spec?.selector, { matchLabels: selector }) &&
        "must select by app.kubernetes.io/name alone: a selector can never be changed"
      );
    },
  ),
  // Kubernetes never changes what is mounted by subPath
  podRule("followed-file", 31, [], ({ pod, containers }, report) => {
    for (const { env = [], volumeMounts = [] } of containers) {
      for (const { name, value } of env.filter(({ name }) => FOLLOWED.has(name))) {
        const isFollowed = volumeMounts.some(
          ({ name: volume, mountPath, subPath }) =>
            subPath === undefined &&
            value?.startsWith(`${mountPath}/`) &&
            pod.volumes?.some((one) => one.name === volume && one.configMap),
        );
        if (!isFollowed)
          report(`must have ${name} in the folder of a ConfigMap, mounted without subPath`);
      }
    }
  }),
  podRule("migrates-first", 31, [], ({ service, pod }, report) => {
    if (service !== "jobs") return;
    const [jobs] = pod.containers;
    const migration = pod.initContainers?.find(({ name }) => name === "migrate");
    if (!migration?.command?.at(-1)?.endsWith("/migrate-main.js"))
      return report(
        "must have the initContainer migrate, so that no pod serves before its schema is there",
      );
    if (migration.image !== jobs?.image)
      report("must migrate with the image that serves: its schema is the one that is needed");
    if (!isDeepStrictEqual(databaseOf(migration), jobs && databaseOf(jobs)))
      report(
        "must migrate the database of its pod: POSTGRES_ and the like are not the same in both",
      );
  }),
  podRule("same-database", 31, [], ({ service, pod }, report, world) => {
    const jobs = workloads(world).find((one) => one.service === "jobs");
    const [own] = pod.containers;
    const [theirs] = jobs?.pod.containers ?? [];
    if (service !== "processor" || !own || !theirs) return;
    if (!isDeepStrictEqual(databaseOf(own), databaseOf(theirs)))
      report(
        "must use the database and the queues of jobs: POSTGRES_ and the like are not the same",
      );
    const differing = SHARED_SETTINGS.filter((name) => envOf(own, name) !== envOf(theirs, name));
    if (differing.length > 0)
      report(`must have the same ${differing.join(", ")} as jobs, or have it unset as jobs has`);
  }),
];

const databaseOf = ({ env = [] }: IContainer): ReadonlyMap<string, unknown> =>
  new Map(env.filter(({ name }) => DATABASE.test(name)).map(({ name, ...rest }) => [name, rest]));

/** What a pod may be, and what it is where nothing is said. */
import { type Json, jsonOf, listOf, textOf } from "../objects.ts";
import type { Fault } from "../refusal.ts";
import { checkContainer } from "./container.ts";
import { textsOf } from "./metadata.ts";
import {
  checkGrammar,
  checkLabels,
  checkQualifiedName,
  DNS_LABEL,
  duplicate,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from "./names.ts";

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const MANDATORY_SECONDS = 300;

export function withPodDefaults(pod: Json): Json {
  const spec = jsonOf(pod.spec);
  const given = listOf(spec.tolerations).map(jsonOf);
  const tolerates = (key: string) =>
    given.some((one) => one.key === key || (one.operator === "Exists" && one.key === undefined));
  const added = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
    .filter((key) => !tolerates(key))
    .map((key) => ({
      key,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: MANDATORY_SECONDS,
    }));
  return {
    ...pod,
    spec: {
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      securityContext: {},
      schedulerName: "default-scheduler",
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
      ...spec,
      ...(spec.containers !== undefined && {
        containers: listOf(spec.containers).map(withDefaults),
      }),
      ...(spec.initContainers !== undefined && {
        initContainers: listOf(spec.initContainers).map(withDefaults),
      }),
      ...(given.length + added.length > 0 && { tolerations: [...given, ...added] }),
    },
    status: { phase: "Pending", qosClass: "Burstable" },
  };
}

function withDefaults(value: unknown): Json {
  const container = jsonOf(value);
  const resources = jsonOf(container.resources);
  const limits = jsonOf(resources.limits);
  // what is limited is asked for, where nothing else is said
  const requests = { ...limits, ...jsonOf(resources.requests) };
  const image = textOf(container.image);
  const isLatest = !image.includes("@") && (/:latest$/.test(image) || !/:[^/]+$/.test(image));
  return {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: isLatest ? "Always" : "IfNotPresent",
    ...container,
    resources: { ...resources, ...(Object.keys(requests).length > 0 && { requests }) },
  };
}

export function checkPod(pod: Json): Fault[] {
  const spec = jsonOf(pod.spec);
  const containers = listOf(spec.containers).map(jsonOf);
  const inits = listOf(spec.initContainers).map(jsonOf);
  const volumes = listOf(spec.volumes).map(jsonOf);
  const names = new Set(volumes.map(({ name }) => textOf(name)));
  const deadline = spec.activeDeadlineSeconds;
  return [
    ...volumes.flatMap((volume, index) => checkVolume(volume, `spec.volumes[${index}]`)),
    ...duplicates(volumes, "spec.volumes"),
    ...(containers.length === 0 ? [required("spec.containers")] : []),
    ...containers.flatMap((one, index) => checkContainer(one, `spec.containers[${index}]`, names)),
    ...duplicates(containers, "spec.containers"),
    ...inits.flatMap((one, index) => checkContainer(one, `spec.initContainers[${index}]`, names)),
    ...duplicates([...containers, ...inits], "spec.initContainers").slice(
      duplicates(containers, "").length,
    ),
    ...oneOf("spec.restartPolicy", spec.restartPolicy, RESTART_POLICIES),
    ...(typeof deadline === "number" && deadline < 1
      ? [
          invalidValue(
            "spec.activeDeadlineSeconds",
            deadline,
            "must be between 1 and 2147483647, inclusive",
          ),
        ]
      : []),
    ...checkLabels("spec.nodeSelector", textsOf(spec.nodeSelector)),
    ...listOf(spec.tolerations).flatMap((one, index) =>
      checkToleration(jsonOf(one), `spec.tolerations[${index}]`),
    ),
  ];
}

function checkVolume(volume: Json, at: string): Fault[] {
  const { name, ...sources } = volume;
  const text = textOf(name);
  const secret = jsonOf(sources.secret);
  return [
    ...(text === "" ? [required(`${at}.name`)] : checkGrammar(`${at}.name`, text, DNS_LABEL)),
    ...(Object.keys(sources).length === 0 ? [required(at, "must specify a volume type")] : []),
    ...(Object.keys(sources).length > 1
      ? [forbidden(at, "may not specify more than 1 volume type")]
      : []),
    ...(sources.secret !== undefined && textOf(secret.secretName) === ""
      ? [required(`${at}.secret.secretName`)]
      : []),
  ];
}

function checkToleration(toleration: Json, at: string): Fault[] {
  const key = textOf(toleration.key);
  return [
    ...(key === "" ? [] : checkQualifiedName(`${at}.key`, key)),
    ...(key === "" && toleration.operator !== "Exists"
      ? [
          invalidValue(
            `${at}.operator`,
            textOf(toleration.operator),
            'operator must be Exists when `key` is empty, which means "match all values and all keys"',
          ),
        ]
      : []),
    ...oneOf(`${at}.effect`, toleration.effect, EFFECTS),
  ];
}

const oneOf = (field: string, value: unknown, all: readonly string[]): Fault[] =>
  value === undefined || all.includes(textOf(value))
    ? []
    : [notSupported(field, textOf(value), all)];

function duplicates(named: readonly Json[], at: string): Fault[] {
  const seen = new Set<string>();
  return named.flatMap(({ name }, index) => {
    const text = textOf(name);
    const isTwice = seen.has(text);
    seen.add(text);
    return isTwice ? [duplicate(`${at}[${index}].name`, text)] : [];
  });
}

/** Which changes of a pod's spec a server allows. */
export function checkPodChange(before: Json, after: Json): Fault[] {
  const [old, next] = [jsonOf(before.spec), jsonOf(after.spec)];
  const [was, is] = [old.activeDeadlineSeconds, next.activeDeadlineSeconds];
  if (was !== undefined && is === undefined) {
    return [
      invalidValue(
        "spec.activeDeadlineSeconds",
        "",
        "must not update from a positive integer to nil value",
      ),
    ];
  }
  if (typeof was === "number" && typeof is === "number" && is > was) {
    return [
      invalidValue(
        "spec.activeDeadlineSeconds",
        is,
        "must be less than or equal to previous value",
      ),
    ];
  }
  const fixed = (spec: Json) =>
    JSON.stringify({
      ...spec,
      activeDeadlineSeconds: undefined,
      tolerations: undefined,
      containers: listOf(spec.containers).map((one) => ({ ...jsonOf(one), image: "" })),
      initContainers: listOf(spec.initContainers).map((one) => ({ ...jsonOf(one), image: "" })),
    });
  return fixed(old) === fixed(next)
    ? []
    : [
        forbidden(
          "spec",
          "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only additions to existing tolerations)",
        ),
      ];
}

/** What a container of a pod may be. */
import { type Json, jsonOf, listOf, textOf } from "../objects.ts";
import type { Fault } from "../refusal.ts";
import { parseQuantity } from "../scheduler/quantity.ts";
import { textsOf } from "./metadata.ts";
import {
  checkGrammar,
  checkQualifiedName,
  DNS_LABEL,
  ENV_NAME,
  invalidValue,
  required,
} from "./names.ts";

/** @param volumes the names of the pod's. */
export function checkContainer(container: Json, at: string, volumes: ReadonlySet<string>): Fault[] {
  const name = textOf(container.name);
  return [
    ...(name === "" ? [required(`${at}.name`)] : checkGrammar(`${at}.name`, name, DNS_LABEL)),
    ...(textOf(container.image) === "" ? [required(`${at}.image`)] : []),
    ...listOf(container.ports).flatMap((one, index) => {
      const port = Number(jsonOf(one).containerPort ?? 0);
      return port >= 1 && port <= 65_535 ? [] : [required(`${at}.ports[${index}].containerPort`)];
    }),
    ...listOf(container.env).flatMap((one, index) => checkEnv(jsonOf(one), `${at}.env[${index}]`)),
    ...listOf(container.volumeMounts).flatMap((one, index) =>
      checkMount(jsonOf(one), `${at}.volumeMounts[${index}]`, volumes),
    ),
    ...checkResources(jsonOf(container.resources), `${at}.resources`),
  ];
}

function checkEnv(variable: Json, at: string): Fault[] {
  const name = textOf(variable.name);
  const hasTwo = textOf(variable.value) !== "" && variable.valueFrom !== undefined;
  return [
    ...(name === "" ? [required(`${at}.name`)] : checkGrammar(`${at}.name`, name, ENV_NAME)),
    ...(hasTwo
      ? [invalidValue(`${at}.valueFrom`, "", "may not be specified when `value` is not empty")]
      : []),
  ];
}

function checkMount(mount: Json, at: string, volumes: ReadonlySet<string>): Fault[] {
  const name = textOf(mount.name);
  return [
    ...(name === "" ? [required(`${at}.name`)] : []),
    ...(name !== "" && !volumes.has(name)
      ? [
          {
            field: `${at}.name`,
            reason: "FieldValueInvalid" as const,
            message: `Not found: ${JSON.stringify(name)}`,
          },
        ]
      : []),
    ...(textOf(mount.mountPath) === "" ? [required(`${at}.mountPath`)] : []),
  ];
}

function checkResources({ limits, requests }: Json, at: string): Fault[] {
  const most = textsOf(limits);
  return [
    ...[...Object.keys(most), ...Object.keys(textsOf(requests))].flatMap((name) =>
      checkQualifiedName(`${at}.limits`, name),
    ),
    ...Object.entries(textsOf(requests)).flatMap(([name, asked]) => {
      const limit = most[name];
      const field = `${at}.requests`;
      // GPUs and the like can neither be shared nor split
      const isExtended = name.includes("/");
      if (limit === undefined) {
        return isExtended
          ? [required(`${at}.limits`, "Limit must be set for non overcommitable resources")]
          : [];
      }
      if (isExtended && parseQuantity(asked) !== parseQuantity(limit)) {
        return [invalidValue(field, asked, `must be equal to ${name} limit`)];
      }
      return parseQuantity(asked) > parseQuantity(limit)
        ? [invalidValue(field, asked, `must be less than or equal to ${name} limit`)]
        : [];
    }),
  ];
}

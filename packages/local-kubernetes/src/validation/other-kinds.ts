/** What Secrets, Services, events and nodes may be, and what they are where nothing is said. */
import { type Json, jsonOf, listOf, textOf } from "../objects.ts";
import type { Fault } from "../refusal.ts";
import { textsOf } from "./metadata.ts";
import {
  CONFIG_KEY,
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

const SECRET_BYTES = 1024 * 1024;

/** `stringData` is written alone, never read. */
export function withSecretDefaults({ stringData, ...secret }: Json): Json {
  const added = Object.entries(textsOf(stringData)).map(([key, text]) => [
    key,
    Buffer.from(text).toString("base64"),
  ]);
  const data = { ...jsonOf(secret.data), ...Object.fromEntries(added) };
  return {
    ...secret,
    ...(Object.keys(data).length > 0 && { data }),
    type: secret.type ?? "Opaque",
  };
}

export function checkSecret(secret: Json): Fault[] {
  const data = Object.entries(textsOf(secret.data));
  const sizeBytes = data.reduce((sum, [, one]) => sum + Buffer.from(one, "base64").length, 0);
  return [
    ...data.flatMap(([key]) => checkGrammar(`data[${key}]`, key, CONFIG_KEY)),
    ...(sizeBytes > SECRET_BYTES
      ? [
          {
            field: "data",
            reason: "FieldValueTooLong" as const,
            message: `Too long: must have at most ${SECRET_BYTES} bytes`,
          },
        ]
      : []),
  ];
}

export function checkSecretChange(before: Json, after: Json): Fault[] {
  if (before.immutable === true && JSON.stringify(before.data) !== JSON.stringify(after.data)) {
    return [forbidden("data", "field is immutable when `immutable` is set")];
  }
  return before.type === after.type
    ? []
    : [invalidValue("type", textOf(after.type), "field is immutable")];
}

const SERVICE_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const FIRST_NODE_PORT = 30_000;
/** How many there are. */
export const NODE_PORTS = 2768;

/** @param number one that no other object has: its port and its address are made of it. */
export function withServiceDefaults(service: Json, number: number): Json {
  const spec = jsonOf(service.spec);
  const type = spec.type ?? "ClusterIP";
  const hasNodePorts = type === "NodePort" || type === "LoadBalancer";
  const ports = listOf(spec.ports)
    .map(jsonOf)
    .map((port, index) => ({
      protocol: "TCP",
      targetPort: port.port,
      ...port,
      ...(hasNodePorts &&
        port.nodePort === undefined && {
          nodePort: FIRST_NODE_PORT + ((number + index) % NODE_PORTS),
        }),
    }));
  const clusterIP = spec.clusterIP ?? `10.0.${Math.floor(number / 256) % 256}.${number % 256}`;
  return {
    ...service,
    spec: {
      sessionAffinity: "None",
      ...(hasNodePorts && { externalTrafficPolicy: "Cluster" }),
      ...spec,
      type,
      clusterIP,
      clusterIPs: [clusterIP],
      ...(spec.ports !== undefined && { ports }),
    },
    status: { loadBalancer: {} },
  };
}

export function checkService(service: Json): Fault[] {
  const spec = jsonOf(service.spec);
  const ports = listOf(spec.ports).map(jsonOf);
  const isHeadless = spec.clusterIP === "None";
  const type = textOf(spec.type);
  const seen = new Set<string>();
  return [
    ...(ports.length === 0 && !isHeadless && type !== "ExternalName"
      ? [required("spec.ports")]
      : []),
    ...ports.flatMap((port, index) => {
      const at = `spec.ports[${index}]`;
      const name = textOf(port.name);
      const isTwice = name !== "" && seen.has(name);
      seen.add(name);
      return [
        ...(name === "" && ports.length > 1 ? [required(`${at}.name`)] : []),
        ...(name === "" ? [] : checkGrammar(`${at}.name`, name, DNS_LABEL)),
        ...(isTwice ? [duplicate(`${at}.name`, name)] : []),
        ...checkPort(`${at}.port`, port.port),
        ...(typeof port.targetPort === "string"
          ? []
          : checkPort(`${at}.targetPort`, port.targetPort)),
      ];
    }),
    ...(SERVICE_TYPES.includes(type) ? [] : [notSupported("spec.type", type, SERVICE_TYPES)]),
    ...checkLabels("spec.selector", textsOf(spec.selector)),
  ];
}

function checkPort(field: string, value: unknown): Fault[] {
  const port = typeof value === "number" ? value : 0;
  return port >= 1 && port <= 65_535
    ? []
    : [invalidValue(field, port, "must be between 1 and 65535, inclusive")];
}

export function checkEvent(event: Json): Fault[] {
  const place = textOf(jsonOf(event.involvedObject).namespace);
  return place === "" || place === jsonOf(event.metadata).namespace
    ? []
    : [invalidValue("involvedObject.namespace", place, "does not match event.namespace")];
}

export const withNodeDefaults = (node: Json): Json => ({ spec: {}, status: {}, ...node });

export const checkNode = (node: Json): Fault[] =>
  listOf(jsonOf(node.spec).taints).flatMap((taint, index) =>
    checkQualifiedName(`spec.taints[${index}].key`, textOf(jsonOf(taint).key)),
  );

/** What the processor's account may not do: each request is sent, and must be refused. */

import type { Access } from "../../../services/processor/src/cluster/index.ts";

export interface Places {
  /** Where jobs run. */
  readonly namespace: string;
  /** A pod and a Secret that are there. */
  readonly pod: string;
  readonly secret: string;
  /** Namespaces in which it has no business. */
  readonly others: readonly string[];
  readonly node: string;
}

type Try = readonly [method: string, path: string, body?: object, contentType?: string];

const SECRET = { apiVersion: "v1", kind: "Secret", metadata: { name: "any" } };
const MERGE = "application/merge-patch+json";
const USER = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };

/** By every verb; the name need not be there, for rights are looked at first. */
const everything = (collection: string, name: string): Try[] => [
  ["GET", collection],
  ["GET", `${collection}?watch=1&timeoutSeconds=1`],
  ["POST", collection, SECRET],
  ["DELETE", collection],
  ["GET", `${collection}/${name}`],
  ["PUT", `${collection}/${name}`, { ...SECRET, metadata: { name } }],
  ["PATCH", `${collection}/${name}`, {}, MERGE],
  ["DELETE", `${collection}/${name}`],
];

export function forbiddenTries({ namespace, pod, secret, others, node }: Places): Try[] {
  const own = `/api/v1/namespaces/${namespace}`;
  const snapshots = "/apis/snapshot.storage.k8s.io/v1";
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  return [
    // of Secrets of its own namespace, whatever reads one: a patch answers with it
    ["GET", `${own}/secrets/${secret}`],
    ["GET", `${own}/secrets`],
    ["GET", `${own}/secrets?watch=1&timeoutSeconds=1`],
    ["GET", `${own}/secrets?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=${secret}`],
    ["PATCH", `${own}/secrets/${secret}`, {}, MERGE],
    ["DELETE", `${own}/secrets`],
    ...others.flatMap((name) => everything(`/api/v1/namespaces/${name}/secrets`, "any")),
    ["GET", "/api/v1/secrets"],
    ["GET", "/api/v1/secrets?watch=1&timeoutSeconds=1"],
    // into a pod
    ["POST", `${own}/pods/${pod}/exec?command=id&stdout=1`],
    ["GET", `${own}/pods/${pod}/exec?command=id&stdout=1`],
    ["POST", `${own}/pods/${pod}/attach?stdout=1`],
    ["GET", `${own}/pods/${pod}/proxy/`],
    ["PATCH", `${own}/pods/${pod}/ephemeralcontainers`, {}, MERGE],
    ["PATCH", `${own}/pods/${pod}/status`, {}, MERGE],
    ["DELETE", `${own}/pods`],
    // elsewhere
    ...others.flatMap((name): Try[] => [
      ["POST", `/api/v1/namespaces/${name}/pods`, { apiVersion: "v1", kind: "Pod" }],
      ["GET", `/api/v1/namespaces/${name}/pods/any`],
      ["DELETE", `/api/v1/namespaces/${name}/pods/any`],
      ["GET", `/api/v1/namespaces/${name}/pods/any/log`],
    ]),
    // the nodes, and what stands behind them
    ["GET", `/api/v1/nodes/${node}/proxy/pods`],
    ["PATCH", `/api/v1/nodes/${node}`, {}, MERGE],
    ["DELETE", `/api/v1/nodes/${node}`],
    // disks and snapshots of others, and all of its own at once
    ["GET", `${own}/persistentvolumeclaims`],
    ["DELETE", `${own}/persistentvolumeclaims`],
    ["PATCH", `${own}/persistentvolumeclaims/any/status`, {}, MERGE],
    ...others.map((name): Try => ["GET", `/api/v1/namespaces/${name}/persistentvolumeclaims/any`]),
    ["GET", "/api/v1/persistentvolumes"],
    ["GET", `${snapshots}/namespaces/${namespace}/volumesnapshots`],
    ["DELETE", `${snapshots}/namespaces/${namespace}/volumesnapshots`],
    ["PATCH", `${snapshots}/namespaces/${namespace}/volumesnapshots/any`, {}, MERGE],
    ["GET", `${snapshots}/volumesnapshotcontents`],
    ["GET", `${snapshots}/volumesnapshotclasses`],
    ["GET", `${own}/events/any`],
    ["GET", "/api/v1/events"],
    // to become somebody else, or more
    ["POST", `${own}/serviceaccounts/default/token`, USER],
    ...others.map(
      (name): Try => ["POST", `/api/v1/namespaces/${name}/serviceaccounts/default/token`, USER],
    ),
    ["GET", `${rbac}/namespaces/${namespace}/roles`],
    ["PATCH", `${rbac}/namespaces/${namespace}/roles/processor`, {}, MERGE],
    ["POST", `${rbac}/namespaces/${namespace}/rolebindings`, { metadata: { name: "any" } }],
    ["POST", `${rbac}/clusterrolebindings`, { metadata: { name: "any" } }],
    // the limits that it works within
    ["PATCH", `/api/v1/namespaces/${namespace}`, {}, MERGE],
    ["DELETE", `${own}/resourcequotas/jobs`],
    ["DELETE", `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/default-deny`],
    ["GET", `${own}/configmaps`],
  ];
}

/** @param access by plain HTTP. @returns each as `GET /path: 200` that was not refused; none when all were. */
export async function notRefused(access: Access, tries: readonly Try[]): Promise<string[]> {
  const through: string[] = [];
  for (const [method, path, body, contentType = "application/json"] of tries) {
    const answer = await fetch(access.server + path, {
      method,
      headers: {
        authorization: access.authorization ?? "",
        ...(body && { "content-type": contentType }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    await answer.body?.cancel();
    if (answer.status !== 403) through.push(`${method} ${path}: ${answer.status}`);
  }
  return through;
}

/** Who may talk to whom, computed from the NetworkPolicies of each environment. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { JOB_POD_LABELS } from "../src/job-pods.ts";
import { render } from "../src/kustomize/render.ts";
import type { K8sObject } from "../src/objects.ts";
import { type Endpoint, mayTalk, type Port } from "../src/reachability.ts";
import { ENVIRONMENTS, type EnvironmentName, SERVICES, withInstallation } from "../src/world.ts";
import { chosenIn, K8S, listedIn } from "./faults.ts";

const name = (value: string) => ({ "app.kubernetes.io/name": value });
const PEERS: Readonly<Record<string, Endpoint>> = {
  gateway: { namespace: "gateway", labels: name("gateway") },
  aux: { namespace: "aux", labels: name("aux") },
  jobs: { namespace: "gpu-controlplane", labels: name("jobs") },
  processor: { namespace: "gpu-controlplane", labels: name("processor") },
  "a job": { namespace: "gpu-dev", labels: JOB_POD_LABELS },
  "another job": { namespace: "gpu-dev", labels: JOB_POD_LABELS },
  dns: { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
  prometheus: { namespace: "monitoring", labels: name("prometheus") },
  "a caller's pod": {
    namespace: "shop",
    namespaceLabels: { "airlock.example.com/caller": "true" },
    labels: name("shop"),
  },
  "the ingress controller": {
    namespace: "ingress-nginx",
    namespaceLabels: { "kubernetes.io/metadata.name": "ingress-nginx" },
    labels: name("ingress-nginx"),
  },
  "a stranger": { namespace: "default", labels: name("stranger") },
  "a stranger called gateway": { namespace: "default", labels: name("gateway") },
  "another pod of gateway's namespace": { namespace: "gateway", labels: name("debug") },
  "another pod of aux's namespace": { namespace: "aux", labels: name("debug") },
  "another pod of jobs' namespace": { namespace: "gpu-controlplane", labels: name("debug") },
  "instance metadata": { ip: "169.254.169.254" },
  "the Pod Identity agent": { ip: "169.254.170.23" },
  "instance metadata by IPv6": { ip: "fd00:ec2::254" },
  "the Pod Identity agent by IPv6": { ip: "fd00:ec2::23" },
  "a link-local address of IPv6": { ip: "fe80::1" },
  "the internet by IPv6": { ip: "2001:db8::7" },
  "a private address of IPv6": { ip: "fd12:3456:789a::7" },
  "the internet": { ip: "198.51.100.7" },
  "the callers' issuer": { ip: "203.0.113.7" },
  "the API server": { ip: "10.0.48.4" },
  "the load balancer's subnet": { ip: "10.0.3.4" },
  "the database's subnet": { ip: "10.0.40.4" },
  "the proxy to AWS": { ip: "10.0.64.10" },
  "another address of the VPC": { ip: "10.0.200.4" },
  "a user's network": { ip: "10.0.100.7" },
  "a node": { ip: "172.20.0.9" },
  "a pod by its address": { ip: "100.64.3.4" },
};
/** Whatever the installations choose, in the words of this test. */
const NETWORKS = new Map(
  ENVIRONMENTS.map(chosenIn).flatMap(
    ({ serverAddresses, database, loadBalancer, users, proxy, callers }) =>
      (
        [
          [loadBalancer.addresses, "10.0.0.0/20"],
          [database.addresses, "10.0.32.0/20"],
          [serverAddresses, "10.0.48.0/28"],
          [proxy.addresses, "10.0.64.10/32"],
          [users.addresses, "10.0.96.0/20"],
          [callers.issuerAddresses, "203.0.113.0/24"],
        ] as const
      ).flatMap(([addresses, here]) =>
        addresses.map(({ ipBlock }): [string, string] => [ipBlock.cidr, here]),
      ),
  ),
);
const PORTS: readonly Port[] = [
  ...new Set([
    ...[22, 53, 80, 443, 2222, 3128, 4566, 5432, 6443, 8080, 8888, 9090, 10_250],
    ...ENVIRONMENTS.map((environment) => chosenIn(environment).serverPort),
  ]),
].flatMap((port) => [
  { protocol: "TCP" as const, port },
  { protocol: "UDP" as const, port },
]);

const OUTSIDE = [
  "the internet by IPv6",
  "a private address of IPv6",
  "the internet",
  "the callers' issuer",
  "the API server",
  "the load balancer's subnet",
  "the database's subnet",
  "the proxy to AWS",
  "another address of the VPC",
  "a user's network",
  "a node",
  "a pod by its address",
];
/** Of those, what a job reaches, by any port. */
const PUBLIC = ["the internet by IPv6", "the internet", "the callers' issuer"];
const FROM_USERS = ["a job", "another job"].flatMap((to) =>
  [2222, 8888].map((port) => `a user's network → ${to} TCP ${port}`),
);
/** Of the bases alone; the rest is of components. */
const OWN = [
  ...["gateway", "aux", "jobs", "processor", "a job", "another job"].flatMap((from) => [
    `${from} → dns TCP 53`,
    `${from} → dns UDP 53`,
  ]),
  ...OUTSIDE.map((to) => `aux → ${to} TCP 443`),
  ...["a job", "another job"].flatMap((job) => [
    ...PORTS.filter(({ protocol }) => protocol === "TCP").map(
      ({ port }) => `processor → ${job} TCP ${port}`,
    ),
    ...PUBLIC.flatMap((to) =>
      PORTS.map(({ protocol, port }) => `${job} → ${to} ${protocol} ${port}`),
    ),
  ]),
];

const toServer = (from: string, environment: EnvironmentName): string =>
  `${from} → the API server TCP ${chosenIn(environment).serverPort}`;

const agentOf = (from: string): string[] => [
  `${from} → the Pod Identity agent TCP 80`,
  `${from} → the Pod Identity agent by IPv6 TCP 80`,
];

/** What each component adds to the base of a folder. */
const edgesOf = (environment: EnvironmentName) =>
  [
    ["pod-identity", "aux", agentOf("aux")],
    ["aws-proxy", "aux", ["aux → the proxy to AWS TCP 3128"]],
    ["caller-jwt", "gateway", ["gateway → the callers' issuer TCP 443"]],
    ["caller-pods", "gateway", ["a caller's pod → gateway TCP 8080"]],
    ["ingress", "gateway", ["the load balancer's subnet → gateway TCP 8080"]],
    ["ingress-nginx", "gateway", ["the ingress controller → gateway TCP 8080"]],
    ["cluster-issuer/aux", "aux", [toServer("aux", environment)]],
    ["cluster-issuer/gateway", "gateway", [toServer("gateway", environment)]],
    ["cluster-issuer/jobs", "jobs", [toServer("jobs", environment)]],
    ["gateway-to-aux/gateway", "gateway", ["gateway → aux TCP 8080"]],
    ["gateway-to-aux/aux", "aux", ["gateway → aux TCP 8080"]],
    ["layer-sigv4/gateway", "gateway", OUTSIDE.map((to) => `gateway → ${to} TCP 443`)],
    ["layer-sigv4/pod-identity", "gateway", agentOf("gateway")],
    ["gateway-to-jobs/gateway", "gateway", ["gateway → jobs TCP 8080"]],
    ["gateway-to-jobs/jobs", "jobs", ["gateway → jobs TCP 8080"]],
    // jobs' end by itself opens nothing: both are in one namespace, which is closed
    ["jobs-to-processor/processor", "processor", ["jobs → processor TCP 8080"]],
    ["processor-to-api-server", "processor", [toServer("processor", environment)]],
    ["processor-to-ssh-keys", "processor", PUBLIC.map((to) => `processor → ${to} TCP 443`)],
    ["ssh-nodeports", "gpu-dev", FROM_USERS],
    ["processor-to-postgres", "processor", ["processor → the database's subnet TCP 5432"]],
    ["jobs-to-postgres", "jobs", ["jobs → the database's subnet TCP 5432"]],
    ["jobs-to-sts", "jobs", OUTSIDE.map((to) => `jobs → ${to} TCP 443`)],
    ...SERVICES.map(
      (name) => [`service-monitor/${name}`, name, [`prometheus → ${name} TCP 9090`]] as const,
    ),
  ] as const;

/** Every allowed connection in which one of our namespaces takes part. */
function connections(folder: string, components: readonly string[] = []): string[] {
  const isWhole = folder.startsWith("overlays/");
  const rendered = render(join(K8S, folder), isWhole ? [] : withInstallation(K8S, components));
  const objects = JSON.parse(
    JSON.stringify(rendered, (key, value) =>
      key === "cidr" ? (NETWORKS.get(value) ?? value) : value,
    ),
  ) as K8sObject[];
  const world = { name: folder, environment: undefined, objects };
  return Object.entries(PEERS).flatMap(([fromName, from]) =>
    Object.entries(PEERS)
      .filter(([toName, to]) => fromName !== toName && isOurs(from, to))
      .flatMap(([toName, to]) =>
        PORTS.filter((port) => mayTalk(world, from, to, port)).map(
          ({ protocol, port }) => `${fromName} → ${toName} ${protocol} ${port}`,
        ),
      ),
  );
}

const isOurs = (...peers: Endpoint[]) =>
  peers.some(({ namespace = "" }) =>
    ["gateway", "aux", "gpu-controlplane", "gpu-dev"].includes(namespace),
  );

describe("who may talk to whom", () => {
  for (const environment of ENVIRONMENTS) {
    test(`${environment}: what the bases and the listed components say, and no one else`, () => {
      const listed = listedIn(environment);
      const added = edgesOf(environment)
        .filter(([component]) => listed.includes(component))
        .flatMap(([, , edges]) => edges);
      assert.deepEqual(
        connections(`overlays/${environment}`).sort(),
        [...new Set([...OWN, ...added])].sort(),
      );
    });
  }

  test("with components/pod-identity aux reaches the agent and still no other link-local address", () => {
    const found = connections("base/aux", ["pod-identity"]).filter((line) =>
      line.startsWith("aux →"),
    );
    assert.ok(found.includes("aux → the Pod Identity agent TCP 80"), found.join("\n"));
    assert.ok(found.includes("aux → the Pod Identity agent by IPv6 TCP 80"), found.join("\n"));
    assert.deepEqual(
      found.filter((line) => line.includes("instance metadata")),
      [],
    );
  });

  for (const [component, service, edges] of edgesOf("dev")) {
    test(`components/${component} adds its edge and no other`, () => {
      const before = connections(`base/${service}`);
      const after = connections(`base/${service}`, [component]);
      // 443 may be open to any address already
      assert.deepEqual(
        after.filter((line) => !before.includes(line)),
        edges.filter((line) => !before.includes(line)),
      );
      assert.deepEqual(
        edges.filter((line) => !after.includes(line)),
        [],
      );
    });
  }

  test("without its policies a pod is open, so the test can fail", () => {
    const world = { name: "none", environment: undefined, objects: [] };
    const { gateway = {}, "instance metadata": metadata = {} } = PEERS;
    assert.equal(mayTalk(world, gateway, metadata, { protocol: "TCP", port: 80 }), true);
  });
});

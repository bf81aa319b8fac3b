/** Who may talk to whom, computed from the NetworkPolicies of each environment. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { render } from "../src/kustomize/render.ts";
import { type Endpoint, mayTalk, type Port } from "../src/reachability.ts";
import { ENVIRONMENTS } from "../src/world.ts";
import { K8S } from "./faults.ts";

const name = (value: string) => ({ "app.kubernetes.io/name": value });
const PEERS: Readonly<Record<string, Endpoint>> = {
  gateway: { namespace: "gateway", labels: name("gateway") },
  aux: { namespace: "aux", labels: name("aux") },
  dns: { namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
  prometheus: { namespace: "monitoring", labels: name("prometheus") },
  "a stranger": { namespace: "default", labels: name("stranger") },
  "a stranger called gateway": { namespace: "default", labels: name("gateway") },
  "another pod of gateway's namespace": { namespace: "gateway", labels: name("debug") },
  "another pod of aux's namespace": { namespace: "aux", labels: name("debug") },
  "instance metadata": { ip: "169.254.169.254" },
  "the Pod Identity agent": { ip: "169.254.170.23" },
  "the internet": { ip: "198.51.100.7" },
  "the callers' issuer": { ip: "203.0.113.7" },
  "the load balancer's subnet": { ip: "10.0.3.4" },
  "another address of the VPC": { ip: "10.0.200.4" },
};
const PORTS: readonly Port[] = [53, 80, 443, 4566, 5432, 8080, 9090].flatMap((port) => [
  { protocol: "TCP" as const, port },
  { protocol: "UDP" as const, port },
]);

const EXPECTED = [
  "gateway → aux TCP 8080",
  "gateway → dns TCP 53",
  "gateway → dns UDP 53",
  "aux → dns TCP 53",
  "aux → dns UDP 53",
  "aux → the internet TCP 443",
  "aux → the callers' issuer TCP 443",
  "aux → the load balancer's subnet TCP 443",
  "aux → another address of the VPC TCP 443",
  "prometheus → gateway TCP 9090",
  "prometheus → aux TCP 9090",
];

/** Every allowed connection in which gateway, aux or a neighbour of theirs takes part. */
function connections(folder: string, components: readonly string[] = []): string[] {
  const objects = render(
    join(K8S, folder),
    components.map((path) => join(K8S, path)),
  );
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
  peers.some(({ namespace }) => namespace === "gateway" || namespace === "aux");

describe("who may talk to whom", () => {
  for (const environment of ENVIRONMENTS) {
    test(`${environment}: gateway → aux and DNS, aux → HTTPS and DNS, Prometheus → metrics, no one else`, () => {
      const edge = environment === "dev" ? ["the load balancer's subnet → gateway TCP 8080"] : [];
      assert.deepEqual(
        connections(`overlays/${environment}`).sort(),
        [...EXPECTED, ...edge].sort(),
      );
    });
  }

  test("with components/pod-identity aux reaches the agent and still no other link-local address", () => {
    const found = connections("base/aux", ["components/pod-identity"]).filter((line) =>
      line.startsWith("aux →"),
    );
    assert.ok(found.includes("aux → the Pod Identity agent TCP 80"), found.join("\n"));
    assert.deepEqual(
      found.filter((line) => line.includes("instance metadata")),
      [],
    );
  });

  test("components/caller-jwt adds one edge: gateway → the issuer", () => {
    const before = connections("base/gateway");
    const after = connections("base/gateway", ["components/caller-jwt"]);
    assert.deepEqual(
      after.filter((line) => !before.includes(line)),
      ["gateway → the callers' issuer TCP 443"],
    );
  });

  test("without its policies a pod is open, so the test can fail", () => {
    const world = { name: "none", environment: undefined, objects: [] };
    const { gateway = {}, "instance metadata": metadata = {} } = PEERS;
    assert.equal(mayTalk(world, gateway, metadata, { protocol: "TCP", port: 80 }), true);
  });
});

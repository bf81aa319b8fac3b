/** Who may talk to whom, computed from the NetworkPolicies as Kubernetes reads them. */

import { BlockList } from "node:net";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { INetworkPolicyPeer } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer";
import { ofKind, type World } from "./world.ts";

export type Labels = Readonly<Record<string, string>>;

/** A pod, or with `ip` alone an address outside of the cluster. */
export interface Endpoint {
  readonly namespace?: string;
  /** Beside kubernetes.io/metadata.name, which every namespace has. */
  readonly namespaceLabels?: Labels;
  readonly labels?: Labels;
  readonly ip?: string;
}

export interface Port {
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
}

type Selector = NonNullable<INetworkPolicyPeer["podSelector"]>;
type Rules = NonNullable<NonNullable<INetworkPolicy["spec"]>["ingress"]>;
type PolicyPorts = Rules[number]["ports"];

/** Whether a connection is let out on one side and in on the other. */
export function mayTalk(world: World, from: Endpoint, to: Endpoint, port: Port): boolean {
  return isAllowed(world, from, to, port, "Egress") && isAllowed(world, to, from, port, "Ingress");
}

/** Without any policy that selects a pod, everything is allowed; with one, what any of them lists. */
function isAllowed(
  world: World,
  self: Endpoint,
  peer: Endpoint,
  port: Port,
  direction: "Egress" | "Ingress",
): boolean {
  if (self.namespace === undefined) return true;
  const policies = policiesFor(world, self).filter(({ spec }) => typesOf(spec).includes(direction));
  if (policies.length === 0) return true;
  return policies.some(({ spec }) => {
    const rules: readonly { peers: INetworkPolicyPeer[] | undefined; ports: PolicyPorts }[] =
      direction === "Egress"
        ? (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }))
        : (spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }));
    return rules.some(
      ({ peers, ports }) =>
        matchesPort(ports, port) &&
        (!peers?.length || peers.some((one) => matchesPeer(one, peer, self.namespace ?? ""))),
    );
  });
}

/** The policies whose podSelector takes in this pod. */
export function policiesFor(world: World, pod: Endpoint): INetworkPolicy[] {
  return ofKind<INetworkPolicy>(world, "NetworkPolicy").filter(
    ({ metadata, spec }) =>
      metadata?.namespace === pod.namespace && matches(spec?.podSelector ?? {}, pod.labels ?? {}),
  );
}

/** policyTypes defaults to Ingress, and Egress if there are egress rules. */
function typesOf(spec: INetworkPolicy["spec"]): readonly string[] {
  return spec?.policyTypes ?? (spec?.egress ? ["Ingress", "Egress"] : ["Ingress"]);
}

function matchesPeer(rule: INetworkPolicyPeer, peer: Endpoint, ownNamespace: string): boolean {
  if (rule.ipBlock) {
    // the addresses of pods are not known here, so a block admits addresses outside the cluster only
    return peer.ip !== undefined && inBlock(peer.ip, rule.ipBlock.cidr, rule.ipBlock.except ?? []);
  }
  if (peer.namespace === undefined) return false;
  const isInNamespace = rule.namespaceSelector
    ? matches(rule.namespaceSelector, {
        ...peer.namespaceLabels,
        "kubernetes.io/metadata.name": peer.namespace,
      })
    : peer.namespace === ownNamespace;
  return isInNamespace && matches(rule.podSelector ?? {}, peer.labels ?? {});
}

function matches({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  const hasLabels = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return (
    hasLabels &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      return values.includes(value ?? "") === (operator === "In");
    })
  );
}

function matchesPort(ports: PolicyPorts, { protocol, port }: Port): boolean {
  if (!ports?.length) return true;
  return ports.some((rule) => {
    if ((rule.protocol ?? "TCP") !== protocol) return false;
    if (rule.port === undefined) return true;
    return port >= Number(rule.port) && port <= (rule.endPort ?? Number(rule.port));
  });
}

function inBlock(ip: string, cidr: string, except: readonly string[]): boolean {
  return inCidr(ip, cidr) && !except.some((part) => inCidr(ip, part));
}

function inCidr(ip: string, cidr: string): boolean {
  const [network = "", bits = ""] = cidr.split("/");
  const family = ip.includes(":") ? "ipv6" : "ipv4";
  if (network.includes(":") !== ip.includes(":")) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(ip, family);
}

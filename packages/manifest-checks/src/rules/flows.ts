/** NetworkPolicy rules in words, and the words that are allowed. */
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { INetworkPolicyPeer } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer";

type Selector = NonNullable<INetworkPolicyPeer["podSelector"]>;

const DNS = /^pods kube-system\/k8s-app=kube-dns on (UDP|TCP) 53$/;
const PROMETHEUS = /^pods monitoring\/app\.kubernetes\.io\/name=prometheus on TCP 9090$/;

/** components/cluster-issuer: few addresses, inside. */
const API_SERVER =
  /^addresses ((10|172|192)\.\d+\.\d+\.\d+\/(2[4-9]|3[0-2])|[0-9a-f:]+\/(6[4-9]|[7-9]\d|1[01]\d|12[0-8])) on TCP (443|6443)$/;

/** components/jobs-to-postgres and processor-to-postgres. */
const POSTGRES =
  /^addresses ((10|172|192)\.\d+\.\d+\.\d+\/(1[6-9]|2\d)|[0-9a-f:]+\/(6[4-9]|[7-9]\d|1[01]\d|12[0-8])) on TCP 5432$/;

/** gateway is called through a load balancer in known subnets, an ingress controller, or by pods, and calls aux and jobs. */
export const GATEWAY_PEERS = {
  ingress: [
    PROMETHEUS,
    /^addresses ((10|172|192)\.\d+\.\d+\.\d+\/(1[6-9]|2\d)|[0-9a-f:]+\/(6[4-9]|[7-9]\d|1[01]\d|12[0-8])) on TCP 8080$/,
    // components/ingress-nginx
    /^pods ingress-nginx\/app\.kubernetes\.io\/name=ingress-nginx on TCP 8080$/,
    // components/caller-pods
    /^pods [\w.-]+\/caller=true\/all on TCP 8080$/,
  ],
  egress: [
    DNS,
    // components/gateway-to-aux
    /^pods aux\/app\.kubernetes\.io\/name=aux on TCP 8080$/,
    // components/gateway-to-jobs
    /^pods gpu-controlplane\/app\.kubernetes\.io\/name=jobs on TCP 8080$/,
    // components/caller-jwt: the issuer's own addresses
    /^addresses (\d+\.\d+\.\d+\.\d+\/(2[4-9]|3[0-2])|[0-9a-f:]+\/(6[4-9]|[7-9]\d|1[01]\d|12[0-8])) on TCP 443$/,
    API_SERVER,
  ],
} as const;

/** components/pod-identity and layer-sigv4/pod-identity. */
const AGENT = /^addresses (169\.254\.170\.23\/32|fd00:ec2::23\/128) on TCP 80$/;

/** components/layer-sigv4: STS and the execution API, while gateway signs; no address with credentials behind it. */
export const SIGNING_GATEWAY_PEERS = [
  /^addresses 0\.0\.0\.0\/0 but 169\.254\.0\.0\/16 on TCP 443$/,
  /^addresses ::\/0 but fe80::\/10,fd00:ec2::\/32 on TCP 443$/,
  /^addresses ((10|172|192)\.\d+\.\d+\.\d+\/(1[6-9]|2\d)|[0-9a-f:]+\/(6[4-9]|[7-9]\d|1[01]\d|12[0-8])) on TCP 443$/,
  AGENT,
] as const;

/** aux is called by gateway's pods alone, and calls AWS. */
export const AUX_PEERS = {
  ingress: [PROMETHEUS, /^pods gateway\/app\.kubernetes\.io\/name=gateway on TCP 8080$/],
  egress: [
    DNS,
    /^addresses \S+( but \S+)? on TCP 443$/,
    // components/aws-proxy: few addresses
    /^addresses (\d+\.\d+\.\d+\.\d+\/(2[4-9]|3[0-2])|[0-9a-f:]+\/(6[4-9]|[7-9]\d|1[01]\d|12[0-8])) on TCP (3128|8080|8888)$/,
    AGENT,
    API_SERVER,
  ],
} as const;

/** jobs is called by gateway's pods alone, and calls its database and STS. */
export const JOBS_PEERS = {
  ingress: AUX_PEERS.ingress,
  egress: [
    DNS,
    POSTGRES,
    // components/jobs-to-sts
    /^addresses \S+( but \S+)? on TCP 443$/,
    // components/jobs-to-processor
    /^pods gpu-controlplane\/app\.kubernetes\.io\/name=processor on TCP 8080$/,
    API_SERVER,
  ],
} as const;

/** None of a cluster's own, and none with credentials behind it. */
const PUBLIC_ADDRESSES = [
  "addresses 0.0.0.0/0 but 10.0.0.0/8,100.64.0.0/10,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16",
  "addresses ::/0 but fc00::/7,fe80::/10",
].map((text) => text.replaceAll(".", "\\."));

/** The processor is called by jobs' pods alone; it calls its database, the API server, jobs' pods, and where SSH keys are shown. */
export const PROCESSOR_PEERS = {
  ingress: [PROMETHEUS, /^pods gpu-controlplane\/app\.kubernetes\.io\/name=jobs on TCP 8080$/],
  egress: [
    DNS,
    POSTGRES,
    API_SERVER,
    /^pods gpu-dev\/app\.kubernetes\.io\/name=gpu-job on TCP any port$/,
    // components/processor-to-ssh-keys
    ...PUBLIC_ADDRESSES.map((addresses) => new RegExp(`^${addresses} on TCP 443$`)),
  ],
} as const;

/** Jobs are reached by the processor, by SSH and their Jupyter from few networks, and reach public addresses. */
export const JOB_POD_PEERS = {
  ingress: [
    /^pods gpu-controlplane\/app\.kubernetes\.io\/name=processor on TCP any port$/,
    // components/ssh-nodeports
    /^addresses (\d+\.\d+\.\d+\.\d+\/(1[6-9]|2\d|3[0-2])|[0-9a-f:]+\/(4[89]|[5-9]\d|1[01]\d|12[0-8])) on TCP (2222|8888)$/,
  ],
  egress: [DNS, ...PUBLIC_ADDRESSES.map((addresses) => new RegExp(`^${addresses} on any port$`))],
} as const;

/** One line for each peer and port of a policy: `pods <namespace>/<label> on TCP 53`. */
export function flowsOf({ spec }: INetworkPolicy, direction: "ingress" | "egress"): string[] {
  const rules =
    direction === "ingress"
      ? (spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
      : (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
  return rules.flatMap(({ peers, ports }) => {
    const names = peers?.length ? peers.map(peerOf) : ["anyone"];
    const portNames = ports?.length
      ? ports.map(
          ({ protocol, port, endPort }) =>
            `${protocol ?? "TCP"} ${port ?? "any port"}${endPort ? `-${endPort}` : ""}`,
        )
      : ["any port"];
    return names.flatMap((name) => portNames.map((port) => `${name} on ${port}`));
  });
}

function peerOf({ ipBlock, namespaceSelector, podSelector }: INetworkPolicyPeer): string {
  if (ipBlock) {
    const except = ipBlock.except?.length ? ` but ${ipBlock.except.join(",")}` : "";
    return `addresses ${ipBlock.cidr}${except}`;
  }
  const namespace = namespaceSelector ? namespaceOf(namespaceSelector) : "the same namespace";
  return `pods ${namespace}/${labelsOf(podSelector) || "all"}`;
}

function namespaceOf(selector: Selector): string {
  const { "kubernetes.io/metadata.name": name, ...others } = selector.matchLabels ?? {};
  const rest = labelsOf({ ...selector, matchLabels: others });
  return [name, rest].filter(Boolean).join(" with ") || "any namespace";
}

function labelsOf({ matchLabels, matchExpressions }: Selector = {}): string {
  const labels = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = matchExpressions?.length ? ["an expression"] : [];
  return [...labels, ...expressions].join(",");
}

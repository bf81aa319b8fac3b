/** The manifest checklist, item by item, and what holds each. */

/** Held by rules (their ids) or by a test file; single objects waive a rule in an annotation. */
export interface Item {
  readonly text: string;
  readonly rules?: readonly string[];
  readonly test?: string;
}

export const CHECKLIST: Readonly<Record<number, Item>> = {
  1: {
    text: "namespaces enforce the restricted profile, version pinned",
    rules: ["namespace-pod-security"],
  },
  2: { text: "runAsNonRoot", rules: ["run-as-non-root"] },
  3: { text: "user and group ids of 10000 and more", rules: ["high-user-id"] },
  4: { text: "no privilege escalation", rules: ["privilege-escalation"] },
  5: { text: "not privileged", rules: ["privileged"] },
  6: { text: "all capabilities dropped", rules: ["drop-capabilities"] },
  7: { text: "seccomp RuntimeDefault", rules: ["seccomp"] },
  8: { text: "read-only root, bounded /tmp", rules: ["read-only-root", "bounded-tmp"] },
  9: { text: "no host namespaces, ports or paths", rules: ["host-access"] },
  10: { text: "harmless volume types", rules: ["volume-types"] },
  11: { text: "default procMount, no sysctls", rules: ["proc-mount-and-sysctls"] },
  12: {
    text: "no secret in variables or ConfigMaps",
    rules: ["env-secret", "env-secret-reference", "config-map-secret"],
  },
  13: { text: "a ServiceAccount for each workload", rules: ["own-service-account"] },
  14: {
    text: "no token mounted, but the processor's for the API server",
    rules: ["no-token-mount", "no-token-mount-account", "api-token"],
  },
  15: {
    text: "each service presents a projected token to the next, which enforces it; aux knows its callers",
    rules: ["layer-token", "way-to-aux", "layer-enforced", "policy-callers"],
  },
  16: {
    text: "aux has a workload identity, gateway one of its own while it signs, the others none",
    rules: ["workload-identity", "without-aws", "signing-role"],
  },
  17: { text: "narrow IAM policies, sub and aud pinned", test: "iam.test.ts" },
  18: {
    text: "narrow roles, each for one account, what they let make bounded by a quota",
    rules: ["narrow-roles", "exact-binding", "bounded-creation"],
  },
  19: { text: "no cluster-admin", rules: ["no-cluster-admin"] },
  20: { text: "default deny", rules: ["default-deny"] },
  21: { text: "gateway's callers", rules: ["gateway-ingress"] },
  22: {
    text: "gateway calls aux, jobs and DNS, and AWS while it signs",
    rules: ["gateway-egress"],
  },
  23: {
    text: "aux and jobs are called by gateway's pods, the processor by jobs', jobs' pods by the processor, pods that read disks by nobody",
    rules: [
      "aux-ingress",
      "jobs-ingress",
      "processor-ingress",
      "job-pods-ingress",
      "reader-pods-ingress",
    ],
  },
  24: {
    text: "aux calls 443 and DNS, jobs the database as well, the processor that and the API server, jobs' pods public addresses, pods that read disks nobody; no metadata address",
    rules: [
      "aux-egress",
      "jobs-egress",
      "processor-egress",
      "job-pods-egress",
      "reader-pods-egress",
      "metadata-address",
    ],
  },
  25: { text: "policies select pods", rules: ["dangling-policy"] },
  26: { text: "ClusterIP", rules: ["cluster-ip"] },
  27: {
    text: "the edge: TLS, who comes in; waits, retries, paths, nothing on disk, health checks",
    rules: [
      ...["edge-tls", "guarded-ingress", "public-edge", "trusted-proxy"],
      ...["edge-class", "edge-waits", "edge-tunnels", "edge-retries", "edge-paths", "edge-whole"],
      ...["edge-disk", "edge-health"],
    ],
  },
  28: { text: "two replicas, three in prod", rules: ["enough-replicas"] },
  29: { text: "disruption budget", rules: ["disruption-budget", "unhealthy-eviction"] },
  30: { text: "spread and anti-affinity", rules: ["spread", "anti-affinity"] },
  31: {
    text: "rolling update, applied again and again, the schema first",
    rules: ["rolling-update", "applied-again", "followed-file", "migrates-first", "same-database"],
  },
  32: {
    text: "the autoscaler owns replicas",
    rules: ["autoscaler-owns-replicas", "autoscaler-target"],
  },
  33: { text: "the budget fits the autoscaler", rules: ["budget-fits-autoscaler"] },
  34: { text: "startup probe", rules: ["startup-probe"] },
  35: { text: "liveness probe", rules: ["liveness-probe"] },
  36: { text: "readiness probe of its own", rules: ["readiness-probe", "different-probes"] },
  37: { text: "one draining mechanism", rules: ["one-drain"] },
  38: { text: "requests and limits", rules: ["resources"] },
  39: { text: "heap limit in step, Node as PID 1", rules: ["heap-limit", "no-shell"] },
  40: { text: "DNS options and priority", rules: ["dns-options", "priority-class"] },
  41: { text: "images by digest", rules: ["image-digest"] },
  42: { text: "signature, SBOM, provenance", test: "workflows.test.ts" },
  43: { text: "no Secret in git", rules: ["no-secret-in-git"] },
  44: { text: "local bases and golden files", test: "render.test.ts" },
  45: { text: "an AppProject for each environment", rules: ["exact-project", "own-project"] },
  46: { text: "automated sync with retry", rules: ["sync-policy", "ignored-fields"] },
  47: { text: "sync waves and revisions", rules: ["sync-wave", "no-hook", "revision"] },
  48: {
    text: "names, labels, selectors, stable versions",
    rules: [
      "namespace-set",
      "labels-and-owner",
      "selector-matches",
      "service-selects",
      "stable-version",
      "upstream-address",
    ],
  },
};

/** What the Prometheus operator makes of the ServiceMonitors: targets, and the labels of what is read there. */
import { isMapping, type K8sObject, type Mapping } from "../objects.ts";
import { type Workload, workloads } from "../world.ts";

export interface Target {
  /** `gateway`, `aux`, `jobs` or `processor`. */
  readonly service: string;
  /** What service discovery says of it, without its prefix `__meta_kubernetes_`. */
  readonly discovered: Readonly<Record<string, string>>;
  /** The label of the Service whose value becomes `job`; undefined takes the Service's name. */
  readonly jobLabel: string | undefined;
  readonly endpoint: string;
}

interface MonitorSpec {
  readonly jobLabel?: string;
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly namespaceSelector: { readonly matchNames: readonly string[] };
  readonly endpoints: readonly { readonly targetPort: string }[];
}

/** One target for each ServiceMonitor. @throws Error for a monitor that finds no port to read. */
export function targetsOf(objects: readonly K8sObject[]): Target[] {
  const pods = workloads({ name: "", environment: undefined, objects });
  return objects
    .filter(({ kind }) => kind === "ServiceMonitor")
    .map((monitor) => {
      const { jobLabel, selector, namespaceSelector, endpoints } =
        monitor.spec as unknown as MonitorSpec;
      const endpoint = endpoints[0]?.targetPort ?? "";
      const service = objects.find(
        ({ kind, metadata }) =>
          kind === "Service" &&
          namespaceSelector.matchNames.includes(metadata.namespace ?? "") &&
          matches(metadata.labels ?? {}, selector.matchLabels),
      );
      const podSelector = isMapping(service?.spec) ? (service.spec.selector as Mapping) : undefined;
      const pod = podSelector && pods.find(({ labels }) => matches(labels, podSelector));
      const container = pod && containerWith(pod, endpoint);
      if (!service || !pod || !container) {
        throw new Error(`ServiceMonitor ${monitor.metadata.name} finds no port ${endpoint}`);
      }
      const { name, namespace = "", labels = {} } = service.metadata;
      return {
        service: pod.service ?? "",
        jobLabel,
        endpoint,
        discovered: {
          namespace,
          service_name: name,
          pod_name: `${pod.object.metadata.name}-7d4b9c6f5-x2x4z`,
          pod_container_name: container,
          ...Object.fromEntries(
            Object.entries(labels).map(([key, value]) => [`service_label_${safe(key)}`, value]),
          ),
        },
      };
    });
}

/** The labels that every series of a target has after the scrape. */
export function labelsOf(target: Target, instance: string): Record<string, string> {
  const { discovered, jobLabel, endpoint } = target;
  const { namespace = "", service_name: service = "" } = discovered;
  const { pod_name: pod = "", pod_container_name: container = "" } = discovered;
  const job = (jobLabel && discovered[`service_label_${safe(jobLabel)}`]) || service;
  return { job, namespace, service, pod, container, endpoint, instance };
}

/** The operator's relabelling of a ServiceMonitor, as a job of Prometheus. */
export function scrapeJobOf(target: Target, address: string): Mapping {
  const { service, discovered, jobLabel, endpoint } = target;
  const meta = (name: string) => `__meta_kubernetes_${name}`;
  const copy = (from: string, to: string) => ({
    source_labels: [meta(from)],
    target_label: to,
    regex: "(.+)",
    replacement: `$${"{1}"}`,
  });
  return {
    job_name: `serviceMonitor/${discovered.namespace}/${service}/0`,
    honor_labels: false,
    scrape_interval: "1s",
    scrape_timeout: "1s",
    static_configs: [
      {
        targets: [address],
        labels: Object.fromEntries(
          Object.entries(discovered).map(([name, value]) => [meta(name), value]),
        ),
      },
    ],
    relabel_configs: [
      copy("namespace", "namespace"),
      copy("service_name", "service"),
      copy("pod_name", "pod"),
      copy("pod_container_name", "container"),
      copy("service_name", "job"),
      ...(jobLabel ? [copy(`service_label_${safe(jobLabel)}`, "job")] : []),
      { target_label: "endpoint", replacement: endpoint },
    ],
  };
}

/** As service discovery writes the name of a label. */
const safe = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, "_");

const matches = (labels: Readonly<Record<string, string>>, wanted: Mapping): boolean =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value);

const containerWith = ({ containers }: Workload, port: string): string | undefined =>
  containers.find(({ ports }) => ports?.some(({ name }) => name === port))?.name;

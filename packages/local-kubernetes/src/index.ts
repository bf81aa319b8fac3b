/** What plays Kubernetes on laptops and in tests: the API, scheduler, kubelets, and switches for faults. */
export type { LocalKubernetesControls } from "./controls.ts";
export type { Fault, FaultInput, FaultName } from "./faults/fault-schema.ts";
export type { ImageFault } from "./kubelet/images.ts";
export {
  type LocalKubernetes,
  type LocalKubernetesOptions,
  startLocalKubernetes,
} from "./local-kubernetes.ts";
export type { NodeSpec } from "./nodes.ts";
export type { StoredObject } from "./objects.ts";
export type { Creation, RequestCounts, RequestRecord } from "./request-log.ts";
export type { Words as SchedulerWords } from "./scheduler/sentences.ts";
export { findSshd, type SshdProgram } from "./ssh/sshd-program.ts";
export type { StoragePlayInput } from "./storage/storage-play.ts";

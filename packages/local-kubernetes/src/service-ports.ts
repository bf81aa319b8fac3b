/** Services of type NodePort: each listens on this machine, and hands connections on to a pod that is ready. */
import { createServer, type Server, type Socket } from "node:net";
import type { Kubelet } from "./kubelet/kubelet.ts";
import {
  type Json,
  jsonOf,
  keyOfObject,
  listOf,
  type PodObject,
  type StoredObject,
  textOf,
} from "./objects.ts";
import { createRecorder } from "./recorder.ts";
import type { World } from "./world.ts";

const HOST = "127.0.0.1";

/** @returns how to stop it. */
export function startServicePorts(world: World, kubelet: Kubelet): () => void {
  const record = createRecorder(world, "kube-proxy");
  const open = new Map<string, { readonly servers: Server[]; readonly sockets: Set<Socket> }>();

  const begin = (service: StoredObject) => {
    const sockets = new Set<Socket>();
    const servers = portsOf(service).map(({ nodePort, targetPort }) => {
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
        const pod = podOf(world, service);
        if (pod === undefined) socket.destroy();
        else
          kubelet
            .runOf(pod.metadata.namespace ?? "", pod.metadata.name)
            .connect(targetPort, socket);
      });
      server.on("error", ({ message }) => record(service, "Warning", "PortNotOpened", message));
      return server.listen(nodePort, HOST).unref();
    });
    open.set(keyOfObject(service), { servers, sockets });
  };
  const end = (key: string) => {
    const { servers = [], sockets = [] } = open.get(key) ?? {};
    open.delete(key);
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
  };
  const stopWatching = world.store.onChange(({ kind, type, object }) => {
    if (kind !== "services") return;
    if (type !== "ADDED") end(keyOfObject(object));
    if (type !== "DELETED" && jsonOf(object.spec).type === "NodePort") begin(object);
  });
  return () => {
    stopWatching();
    for (const key of [...open.keys()]) end(key);
  };
}

function portsOf(service: StoredObject): { nodePort: number; targetPort: number }[] {
  return listOf(jsonOf(service.spec).ports)
    .map(jsonOf)
    .flatMap(({ nodePort, targetPort }) =>
      typeof nodePort === "number" && typeof targetPort === "number"
        ? [{ nodePort, targetPort }]
        : [],
    );
}

/** One that it selects and that is ready. */
function podOf({ store }: World, { metadata, spec }: StoredObject): PodObject | undefined {
  const selector = Object.entries(jsonOf(jsonOf(spec).selector) as Json);
  const isSelected = (pod: PodObject) =>
    pod.metadata.namespace === metadata.namespace &&
    selector.length > 0 &&
    selector.every(([name, value]) => pod.metadata.labels?.[name] === textOf(value));
  return (store.all("pods") as PodObject[]).find((pod) => isSelected(pod) && isReady(pod));
}

const isReady = ({ status }: PodObject): boolean =>
  status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

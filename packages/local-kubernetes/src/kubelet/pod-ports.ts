/** The ports of a pod: those of its processes, and the one for SSH, which is played. */
import { createServer, connect as dial, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { type Container, jsonOf, type PodObject, type StoredObject, textOf } from "../objects.ts";
import type { SshDoor } from "../ssh/ssh-door.ts";
import type { SshKeys } from "../ssh/ssh-files.ts";

export interface PodPorts {
  /** Hands a connection on. */
  connect(port: number, socket: Duplex): void;
  close(): void;
}

const HOST_KEY = "ssh_host_ed25519_key";
const AUTHORIZED_KEYS = "authorized_keys";

/** Where a container says that SSH answers. */
export const sshPortOf = ({ ports = [] }: Container): number | undefined => {
  const { containerPort } = ports.find(({ name }) => name === "ssh") ?? {};
  return typeof containerPort === "number" ? containerPort : undefined;
};

/** Of the Secret that a pod has mounted, as it is now. */
export function sshKeysOf(
  { spec }: PodObject,
  secret: (name: string) => StoredObject | undefined,
): SshKeys | undefined {
  for (const volume of spec.volumes ?? []) {
    const data = jsonOf(secret(textOf(jsonOf(volume.secret).secretName))?.data);
    if (data[HOST_KEY] === undefined) continue;
    const text = (name: string) => Buffer.from(textOf(data[name]), "base64").toString();
    return { hostKey: text(HOST_KEY), authorizedKeys: text(AUTHORIZED_KEYS) };
  }
  return undefined;
}

export interface PodPortsOptions {
  readonly podIP: string;
  readonly sshPort: number | undefined;
  /** Undefined where this machine has none. */
  readonly door: SshDoor | undefined;
}

export function openPodPorts({ podIP, sshPort, door }: PodPortsOptions): PodPorts {
  let isClosed = false;
  const connect = (port: number, socket: Duplex) => {
    socket.on("error", () => {});
    if (isClosed) return void socket.destroy();
    if (port === sshPort && door !== undefined) return door.answer(socket);
    const upstream = dial({ host: podIP, port });
    upstream.once("error", () => socket.destroy());
    socket.once("close", () => upstream.destroy());
    upstream.once("close", () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  };
  // where pods have one address together, the first one has it
  const server = sshPort === undefined || door === undefined ? undefined : listen();
  function listen(): Server {
    const made = createServer((socket) => connect(sshPort ?? 0, socket)).on("error", () => {});
    return made.listen(sshPort, podIP).unref();
  }
  return {
    connect,
    close() {
      isClosed = true;
      server?.close();
      door?.close();
    },
  };
}

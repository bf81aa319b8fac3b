/** The ports of a pod: those of its processes, and the one for SSH, which is played. */
import { createServer, connect as dial, type Server } from "node:net";
import type { Duplex } from "node:stream";
import type { Container } from "../objects.ts";
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

/** @param read gives the files of the box, as they are at this moment. */
export function sshKeysOf(read: (file: string) => string | undefined): SshKeys | undefined {
  const hostKey = read(HOST_KEY);
  return hostKey === undefined
    ? undefined
    : { hostKey, authorizedKeys: read(AUTHORIZED_KEYS) ?? "" };
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

/** Port 2222 of a pod: this machine's sshd, a process for each connection, as whoever the pod's commands run as. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import type { Guardian } from "../kubelet/guardian.ts";
import { killQuietly, MARK } from "../kubelet/marked-processes.ts";
import { type SshFilesOptions, type SshKeys, writeSshFiles } from "./ssh-files.ts";

export interface SshDoorOptions extends SshFilesOptions {
  readonly guardian: Guardian;
  /** As the pod's Secret has them now; undefined: there are none. */
  readonly keys: () => SshKeys | undefined;
}

export interface SshDoor {
  answer(socket: Duplex): void;
  close(): void;
}

export function openSshDoor(options: SshDoorOptions): SshDoor {
  const { program, user, folder, mark, guardian } = options;
  const children = new Set<ChildProcess>();
  const wrapper: Record<string, string> =
    program.nssWrapper === undefined
      ? {}
      : {
          LD_PRELOAD: program.nssWrapper,
          NSS_WRAPPER_PASSWD: `${folder}/passwd`,
          NSS_WRAPPER_GROUP: `${folder}/group`,
        };
  return {
    answer(socket) {
      socket.on("error", () => {});
      const keys = options.keys();
      if (keys === undefined) return void socket.destroy();
      const config = writeSshFiles(options, keys);
      const child = spawn(program.sshd, ["-i", "-f", config, "-E", `${folder}/sshd.log`], {
        ...user,
        cwd: "/",
        env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", [MARK]: mark, ...wrapper },
        detached: true,
        stdio: ["pipe", "pipe", "ignore"],
      });
      children.add(child);
      const { pid } = child;
      if (pid !== undefined) void guardian.add(pid);
      const ended = () => {
        if (children.delete(child) && pid !== undefined) guardian.done(pid);
        socket.end();
      };
      child.once("error", ended).once("close", ended);
      child.stdin.on("error", () => {});
      socket.pipe(child.stdin);
      child.stdout.pipe(socket);
      // whoever is gone needs no shell
      socket.once("close", () => child.stdin.end());
    },
    close() {
      for (const { pid } of children) if (pid !== undefined) killQuietly(-pid);
    },
  };
}

/** What sshd reads of a pod: its configuration, its keys as its Secret has them now, and the variables of its container. */
import { chownSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessUser } from "../kubelet/container-process.ts";
import { MARK } from "../kubelet/marked-processes.ts";
import type { SshdProgram } from "./sshd-program.ts";

export interface SshFilesOptions {
  readonly program: SshdProgram;
  readonly folder: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly mark: string;
  readonly user: ProcessUser | undefined;
}

export interface SshKeys {
  readonly hostKey: string;
  readonly authorizedKeys: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @returns the configuration's path. */
export function writeSshFiles(options: SshFilesOptions, keys: SshKeys): string {
  const { folder, user, program, env } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user) chownSync(folder, user.uid, user.gid);
  const at = (name: string) => join(folder, name);
  const write = (name: string, text: string) => {
    // whoever logs in meanwhile reads the whole one of before
    writeFileSync(at(`${name}.new`), text, { mode: 0o600 });
    if (user) chownSync(at(`${name}.new`), user.uid, user.gid);
    renameSync(at(`${name}.new`), at(name));
  };
  const variables = Object.entries({ ...env, [MARK]: options.mark })
    .filter(([name]) => NAME.test(name))
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  write("host_key", keys.hostKey);
  write("authorized_keys", keys.authorizedKeys);
  write("environment", variables.join(""));
  write("session.sh", sessionOf(at("environment"), options.home));
  if (program.nssWrapper !== undefined && user) {
    write("passwd", `${program.user}:x:${user.uid}:${user.gid}::${options.home}:/bin/sh\n`);
    write("group", `${program.user}:x:${user.gid}:\n`);
  }
  write(
    "sshd_config",
    `${[
      `HostKey ${at("host_key")}`,
      `AuthorizedKeysFile ${at("authorized_keys")}`,
      "StrictModes no",
      `AllowUsers ${program.user}`,
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "UsePAM no",
      "PidFile none",
      "PrintMotd no",
      "AcceptEnv LANG LC_*",
      ...(program.sftpServer === undefined ? [] : [`Subsystem sftp ${program.sftpServer}`]),
      `ForceCommand /bin/sh ${at("session.sh")}`,
    ].join("\n")}\n`,
  );
  return at("sshd_config");
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** As logins are in a pod: with the job's variables, in its home. */
const sessionOf = (environment: string, home: string): string => `\
command=$SSH_ORIGINAL_COMMAND
. ${quoted(environment)}
unset SSH_ORIGINAL_COMMAND
cd ${quoted(home)}
[ -z "$command" ] || exec "\${SHELL:-/bin/sh}" -c "$command"
exec "\${SHELL:-/bin/sh}"
`;

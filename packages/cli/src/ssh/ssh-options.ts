/** How OpenSSH gets into a job: through this program, with a host key that is known before. */
import { userInfo } from "node:os";
import type { Job } from "@airlock/contract";
import { isLoopback } from "../config.ts";
import type { Context } from "../context.ts";

/** The user in a box; where this machine plays the cluster, whoever runs that, but for root. */
export const boxUser = (url: URL): string => {
  const { username, uid } = userInfo();
  return isLoopback(url) && uid !== 0 ? username : "dev";
};

/** As the service says it, where it does. */
export const userOf = ({ ssh_command }: Job, url: URL): string =>
  / ([A-Za-z_][A-Za-z0-9_.-]*)@/.exec(ssh_command ?? "")?.[1] ?? boxUser(url);

/** A word of an ssh configuration or of a command in it: ssh splits at blanks, and knows `%`. */
const quoted = (word: string): string => {
  const escaped = word.replaceAll("%", "%%");
  return /[\s"\\]/.test(escaped) ? `"${escaped.replace(/(["\\])/g, "\\$1")}"` : escaped;
};

/** For sh, in which ssh runs a ProxyCommand. */
const shellQuoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word)
    ? word.replaceAll("%", "%%")
    : `'${word.replaceAll("'", `'\\''`).replaceAll("%", "%%")}'`;

/** Names and values of ssh_config(5). */
export function sshOptions({
  program,
  home,
}: Pick<Context, "program" | "home">): readonly (readonly [string, string])[] {
  return [
    ["ProxyCommand", `${program.map(shellQuoted).join(" ")} proxy %n`],
    // older ones do not know it, and would refuse the whole configuration
    ["IgnoreUnknown", "KnownHostsCommand"],
    ["KnownHostsCommand", `${program.map(quoted).join(" ")} known-hosts %n %H`],
    ["UserKnownHostsFile", "/dev/null"],
    ["GlobalKnownHostsFile", "/dev/null"],
    // the key is told by the service: anything else is somebody else
    ["StrictHostKeyChecking", "yes"],
    ["IdentityFile", quoted(home.privateKey)],
    // a box that is gone, or a network, is noticed
    ["ServerAliveInterval", "20"],
    ["ServerAliveCountMax", "3"],
  ];
}

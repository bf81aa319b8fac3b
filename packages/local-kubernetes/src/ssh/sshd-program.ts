/** The sshd of this machine, if it has one that can let people in as whoever pods run as. */
import { existsSync, globSync } from "node:fs";
import { userInfo } from "node:os";

export interface SshdProgram {
  readonly sshd: string;
  readonly sftpServer: string | undefined;
  /** Who logs in. */
  readonly user: string;
  /** Lets sshd know a user that this machine does not know. */
  readonly nssWrapper: string | undefined;
}

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd", "/usr/bin/sshd"];
const SFTP_SERVERS = [
  "/usr/lib/openssh/sftp-server",
  "/usr/libexec/openssh/sftp-server",
  "/usr/libexec/sftp-server",
  "/usr/lib/ssh/sftp-server",
];
const NSS_WRAPPERS = ["/usr/lib/*/libnss_wrapper.so", "/usr/lib{,64}/libnss_wrapper.so"];

/** @returns a sentence where there is none. */
export function findSshd(): SshdProgram | string {
  const sshd = SSHD.find((file) => existsSync(file));
  if (sshd === undefined) return "this machine has no sshd (install OpenSSH's server)";
  const sftpServer = SFTP_SERVERS.find((file) => existsSync(file));
  if (process.getuid?.() !== 0) {
    return { sshd, sftpServer, user: userInfo().username, nssWrapper: undefined };
  }
  // pods of root run as nobody, who has no shell to log in to
  const [nssWrapper] = globSync(NSS_WRAPPERS);
  if (nssWrapper === undefined) {
    return "root started the cluster, and pods run as nobody (start it as another user, or install libnss-wrapper)";
  }
  return { sshd, sftpServer, user: "dev", nssWrapper };
}

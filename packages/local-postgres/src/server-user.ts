/** Who the server runs as: Postgres refuses to run as root, so root hands it to a powerless user. */

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** `nobody` on Linux: exists everywhere, owns nothing. */
const NOBODY: ServerUser = { uid: 65_534, gid: 65_534 };

/** Undefined when the server may run as whoever runs this process. */
export function serverUser(): ServerUser | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined;
}

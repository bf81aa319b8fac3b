/** Sessions of the stand-in, as files for a shell: who may log in to jobs, and who may write. */
import { KNOWN_SESSIONS, type KnownSession, LOCAL_AWS, WRITER_SESSION } from "@airlock/local-aws";
import type { DataFolder } from "./data-folder.ts";

/** The lines that make a shell the session; an exported name stands in each. */
export function exportsOf({ accessKeyId, secretAccessKey, sessionToken }: KnownSession): string[] {
  return [
    `export AWS_ACCESS_KEY_ID=${accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
    `export AWS_SESSION_TOKEN=${sessionToken}`,
  ];
}

/** The paths of the files, to be read by `.`, the shells' own command. */
export interface Sessions {
  readonly user: string;
  readonly writer: string;
}

export async function keepSessions(folder: DataFolder, standInPort: number): Promise<Sessions> {
  const text = (about: string, session: KnownSession) =>
    [
      `# ${about} The stand-in alone knows it.`,
      ...exportsOf(session),
      `export AWS_REGION=${LOCAL_AWS.region}`,
      `export AWS_DEFAULT_REGION=${LOCAL_AWS.region}`, // the one name that version 1 of the AWS CLI knows
      `export AWS_ENDPOINT_URL=http://localhost:${standInPort}`,
      "",
    ].join("\n");
  return {
    user: await folder.write(
      "session.sh",
      text("A session of the role that may log in to jobs.", KNOWN_SESSIONS.gpuUser),
    ),
    writer: await folder.write(
      "writer-session.sh",
      text("A session that may read and write parameters and objects.", WRITER_SESSION),
    ),
  };
}

/** Where this program keeps what it keeps, below the user's home. */
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { CliError, EXIT } from "../cli-error.ts";
import type { Environment } from "../environment.ts";

export interface Home {
  /** The user's own. */
  readonly folder: string;
  /** `~/.gpu-dev`: for nobody else to read. */
  readonly private: string;
  readonly credentials: string;
  readonly config: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly sshConfig: string;
  /** Names for completion. */
  readonly names: string;
  /** The user's own ssh configuration. */
  readonly userSshConfig: string;
}

/** Of this machine's list of users, by which ssh goes too; undefined for a user who is not in it. */
export function listedHome(): string | undefined {
  try {
    return userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}

/** @param listed asked where HOME is not set. @throws CliError without a home that a path can begin with. */
export function homeOf({ HOME }: Environment, listed: () => string | undefined): Home {
  const folder = HOME || listed();
  if (!folder || !isAbsolute(folder)) {
    const is = folder ? `is no absolute path: ${folder}` : "is not set";
    throw new CliError(EXIT.failed, `HOME ${is}, so there is no place for keys and settings.`);
  }
  const privateFolder = join(folder, ".gpu-dev");
  return {
    folder,
    private: privateFolder,
    credentials: join(privateFolder, "credentials"),
    config: join(folder, ".config/gpu-dev/config.json"),
    privateKey: join(privateFolder, "id_ed25519"),
    publicKey: join(privateFolder, "id_ed25519.pub"),
    sshConfig: join(privateFolder, "ssh_config"),
    names: join(privateFolder, "names.json"),
    userSshConfig: join(folder, ".ssh/config"),
  };
}

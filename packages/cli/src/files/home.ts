/** Where this program keeps what it keeps, below the user's home. */
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

/** @throws CliError without a home that a path can begin with. */
export function homeOf({ HOME }: Environment): Home {
  if (!HOME || !isAbsolute(HOME)) {
    const is = HOME ? `is no absolute path: ${HOME}` : "is not set";
    throw new CliError(EXIT.failed, `HOME ${is}, so there is no place for keys and settings.`);
  }
  const privateFolder = join(HOME, ".gpu-dev");
  return {
    folder: HOME,
    private: privateFolder,
    credentials: join(privateFolder, "credentials"),
    config: join(HOME, ".config/gpu-dev/config.json"),
    privateKey: join(privateFolder, "id_ed25519"),
    publicKey: join(privateFolder, "id_ed25519.pub"),
    sshConfig: join(privateFolder, "ssh_config"),
    names: join(privateFolder, "names.json"),
    userSshConfig: join(HOME, ".ssh/config"),
  };
}

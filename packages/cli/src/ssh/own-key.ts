/** `~/.gpu-dev/id_ed25519`: made when it is first needed; its public half goes with every job. */
import { link, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { CliError, codeOf, EXIT } from "../cli-error.ts";
import type { Context } from "../context.ts";
import type { Home } from "../files/home.ts";
import { keepPrivate } from "../files/keep-private.ts";
import { fileError, privateFolder, readIfThere, writeWhole } from "../files/private-file.ts";
import { newSshKey } from "./ed25519.ts";

/** @returns undefined, and says so, where no key can be kept: a job may need nobody to log in. */
export async function ownPublicKey({ home, output }: Context): Promise<string | undefined> {
  try {
    const [privateKey, publicKey] = await Promise.all([
      readIfThere(home.privateKey),
      readIfThere(home.publicKey),
    ]);
    if (privateKey !== undefined) await keepPrivate(home.privateKey, home, output);
    if (privateKey !== undefined && publicKey !== undefined) return publicKey.trim();
    return await makeKey(home);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    output.note(`Without an SSH key of this machine: ${error.message}`);
    return undefined;
  }
}

async function makeKey(home: Home): Promise<string> {
  const { privateKey, publicKey } = newSshKey(`gpu-dev@${hostname().replace(/[^\w.-]/g, "-")}`);
  await privateFolder(home.private);
  const draft = `${home.privateKey}.${process.pid}`;
  await writeWhole(draft, privateKey);
  try {
    await link(draft, home.privateKey);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw fileError("write", home.privateKey, error);
    // another command was faster, or only its public half is missing
    return await existing(home);
  } finally {
    await rm(draft, { force: true });
  }
  await writeWhole(home.publicKey, `${publicKey}\n`, { mode: 0o644 });
  return publicKey;
}

/** The public half of a private key that is there already. */
async function existing(home: Home): Promise<string> {
  const { publicHalfOf } = await import("./public-half.ts");
  const text = (await readIfThere(home.privateKey)) ?? "";
  const publicKey = publicHalfOf(text);
  if (publicKey === undefined) {
    throw new CliError(EXIT.failed, `${home.privateKey} is no key of OpenSSH; move it away.`);
  }
  await writeWhole(home.publicKey, `${publicKey}\n`, { mode: 0o644 });
  return publicKey;
}

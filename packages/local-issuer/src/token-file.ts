/** A token file as the kubelet keeps it: renewed before it expires, swapped in one step. */
import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** The kubelet's own share of a token's life. */
const RENEW_AT = 0.8;
const RETRY_MS = 1000;

export interface KeptTokenFile {
  /** Writes a new token now. */
  renew(): Promise<void>;
  close(): void;
}

/** Writes the first token and renews it at 80 % of its life until closed. */
export async function keepTokenFile(
  path: string,
  mint: () => Promise<string>,
  ttlSeconds: number,
): Promise<KeptTokenFile> {
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const later = (delayMs: number) => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void renewLater(), delayMs).unref();
  };
  const renew = async () => {
    await writeLikeKubelet(path, await mint());
    later(ttlSeconds * 1000 * RENEW_AT);
  };
  const renewLater = () =>
    renew().catch((error: NodeJS.ErrnoException) => {
      process.emitWarning(`${path} could not be renewed (${error.code ?? error.name})`);
      later(RETRY_MS);
    });
  await renew();
  return {
    renew,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/**
 * `<dir>/<name>` → `..data/<name>`, `..data` → `..<new directory>`: the rename of `..data` is the
 * one step in which everything changes (Kubernetes' AtomicWriter).
 */
async function writeLikeKubelet(path: string, token: string): Promise<void> {
  const directory = dirname(path);
  const name = basename(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const data = join(directory, "..data");
  const old = await readlink(data).catch(() => undefined);
  const fresh = await mkdtemp(join(directory, "..token-"));
  await writeFile(join(fresh, name), token, { mode: 0o600 });
  const next = join(fresh, "..data_tmp");
  await symlink(basename(fresh), next);
  await rename(next, data);
  const link = join("..data", name);
  if ((await readlink(path).catch(() => undefined)) !== link) {
    await rm(path, { force: true });
    await symlink(link, path);
  }
  if (old !== undefined) await rm(join(directory, old), { recursive: true, force: true });
}

/** A pod's containers as its spec has them, run by podman in the kubelet's place. */
import { chmod, chown, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { podManifest } from "../../../services/processor/src/pod/pod-manifest.ts";
import type { PodRules, PodWish } from "../../../services/processor/src/pod/pod-wish.ts";
import {
  type BoxFiles,
  environmentSecret,
  filesSecret,
} from "../../../services/processor/src/pod/secret-manifest.ts";
import { logOf, podman } from "./podman.ts";

export interface PodPlan {
  readonly image: string;
  readonly toolsImage: string;
  readonly security: PodRules["security"];
  /** In the place of the spec's own, or of the image's. */
  readonly user: number;
  readonly isReadOnly: boolean;
  readonly command: string | null;
  readonly keep: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly files: BoxFiles;
}

export interface PlayedPod {
  /** Resolves once its probe would be content. @returns after how many milliseconds. */
  ready(): Promise<number>;
  /** As a kubelet puts a Secret's files. */
  putFiles(files: BoxFiles): Promise<void>;
  /** Resolves with its exit code. */
  ended(): Promise<number>;
  /** SIGTERM. */
  stop(): Promise<void>;
  log(): Promise<string>;
  remove(): Promise<void>;
}

interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean;
    readonly capabilities?: { readonly drop: readonly string[] };
  };
  readonly volumeMounts: readonly { name: string; mountPath: string; readOnly?: boolean }[];
}
interface Spec {
  readonly securityContext: { readonly fsGroup: number };
  readonly initContainers: readonly [Container];
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string }[];
}

export const PORT = 2222;
const READY_MS = 30_000;

export async function playPod(plan: PodPlan): Promise<PlayedPod> {
  const { command, keep, variables } = plan;
  const wish: PodWish = {
    jobId: "check-devbox",
    generation: 1,
    podName: `airlock-check-devbox-${process.pid}`,
    nodeName: "n1",
    image: plan.image,
    owner: "alice",
    name: null,
    hasCommand: command !== null,
    keep,
    gpus: 0,
    resourceName: "nvidia.com/gpu",
    cpuMillis: 2000,
    memoryMib: 512,
    homeClaim: null,
  };
  const { security, toolsImage } = plan;
  const rules = {
    security,
    toolsImage,
    maxLifeSeconds: 3600,
    nodeLostSeconds: 300,
    labels: {},
    schedulingGates: [],
  };
  const spec = podManifest(wish, rules).spec as Spec;
  const group = spec.securityContext.fsGroup;
  const folder = await mkdtemp(join(tmpdir(), "airlock-devbox-"));
  for (const { name } of spec.volumes) {
    await mkdir(join(folder, name));
    await chown(join(folder, name), 0, group);
    // an emptyDir of a pod with a group: for everybody, and what is made in it is the group's
    await chmod(join(folder, name), 0o2777);
  }
  const texts = (secret: { readonly [member: string]: unknown }) =>
    Object.entries(secret.data as Record<string, string>).map(
      ([key, value]) => [key, Buffer.from(value, "base64").toString()] as const,
    );
  let versions = 0;
  const putFiles = async (files: BoxFiles) => {
    const version = `..${++versions}`;
    const at = join(folder, "files");
    await mkdir(join(at, version));
    for (const [name, text] of texts(filesSecret({ ...wish, podUid: "u" }, files))) {
      await writeFile(join(at, version, name), text, { mode: 0o440 });
      await chown(join(at, version, name), 0, group);
      if (versions === 1) await symlink(`..data/${name}`, join(at, name));
    }
    await symlink(version, join(at, "..next"));
    await rename(join(at, "..next"), join(at, "..data"));
  };
  await putFiles(plan.files);

  const argsOf = ({ command: words, args = [], workingDir, ...container }: Container) => [
    "--network=host",
    `--user=${plan.user}:${plan.user}`,
    `--group-add=${group}`,
    ...(plan.isReadOnly ? ["--read-only", "--read-only-tmpfs=false"] : []),
    ...(container.securityContext.capabilities?.drop.includes("ALL") ? ["--cap-drop=all"] : []),
    ...(container.securityContext.allowPrivilegeEscalation
      ? []
      : ["--security-opt=no-new-privileges"]),
    ...(workingDir === undefined ? [] : [`--workdir=${workingDir}`]),
    ...container.volumeMounts.map(
      ({ name, mountPath, readOnly }) =>
        `--volume=${join(folder, name)}:${mountPath}${readOnly ? ":ro" : ""}`,
    ),
    `--entrypoint=${JSON.stringify(words)}`,
    container.image,
    ...args,
  ];
  const [tools] = spec.initContainers;
  const [job] = spec.containers;
  await podman("run", "--rm", ...argsOf(tools));
  const environment = texts(environmentSecret(wish, "u", { gpuType: "cpu", command, variables }));
  const env = environment.map(([name, value]) => `--env=${name}=${value}`);
  const startedMs = performance.now();
  const id = await podman("run", "--detach", ...env, ...argsOf(job));
  return {
    putFiles,
    async ready() {
      while (!(await isOpen())) {
        const tookMs = performance.now() - startedMs;
        if (tookMs > READY_MS) throw new Error(`nothing on port ${PORT}: ${await logOf(id)}`);
        await sleep(20);
      }
      return performance.now() - startedMs;
    },
    ended: async () => Number(await podman("wait", id)),
    stop: async () => void (await podman("kill", "--signal=TERM", id)),
    log: () => logOf(id),
    async remove() {
      await podman("rm", "--force", "--time=0", id);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** On every address, as sshd takes it: containers share the network of this machine. */
export const isFree = (): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(PORT, "0.0.0.0", () => server.close(() => resolve(true)));
  });

const isOpen = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: PORT });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

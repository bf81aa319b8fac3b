/** One pod on its node: its containers are begun, its deadline is kept, its end is told, and its grace is given. */
import { chownSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { markDeleted } from "../api/remove.ts";
import { claimMountedBy } from "../claims.ts";
import { keyOf, keyOfObject, type PodObject, type StoredObject } from "../objects.ts";
import type { Record as RecordEvent } from "../recorder.ts";
import { openSshDoor } from "../ssh/ssh-door.ts";
import type { SshFilesOptions } from "../ssh/ssh-files.ts";
import type { SshdProgram } from "../ssh/sshd-program.ts";
import type { Volumes } from "../volumes.ts";
import type { World } from "../world.ts";
import type { ProcessUser } from "./container-process.ts";
import { ContainerRun } from "./container-run.ts";
import { ConfigError, commandOf, environmentOf } from "./environment.ts";
import type { Guardian } from "./guardian.ts";
import { type ImageFault, imageTrouble, isToolsAlone } from "./images.ts";
import { endMarked } from "./marked-processes.ts";
import { MountError, MountedFiles } from "./mounted-files.ts";
import { PlayedJupyter, SWITCH } from "./played-jupyter.ts";
import { openPodPorts, type PodPorts, sshKeysOf, sshPortOf } from "./pod-ports.ts";
import { type PodEnd, statusOf } from "./pod-status.ts";
import type { SecretCache } from "./secret-cache.ts";

export interface PodRunOptions {
  readonly world: World;
  readonly record: RecordEvent;
  readonly guardian: Guardian;
  readonly user: ProcessUser | undefined;
  readonly volumes: Volumes;
  readonly secrets: SecretCache;
  /** Of all processes of this run. */
  readonly mark: string;
  readonly folder: string;
  readonly podIP: string;
  readonly pullMs: number;
  readonly readyMs: number;
  readonly retryMs: number;
  /** A sentence where there is none. */
  readonly sshd: SshdProgram | string;
  readonly imageFaults: () => readonly ImageFault[];
  /** Whether its node is lost: nothing is told then, and nothing heard. */
  readonly isLost: (node: string) => boolean;
}

export class PodRun {
  readonly #options: PodRunOptions;
  readonly #key: string;
  readonly #uid: string;
  readonly #node: string;
  readonly #folder: string;
  readonly #startedMs: number;
  readonly containers: readonly ContainerRun[];
  readonly #jupyter: PlayedJupyter;
  readonly #files: MountedFiles;
  #end: PodEnd | undefined;
  #ports: PodPorts | undefined;
  #timers = new Set<NodeJS.Timeout>();
  #pulls = 0;
  #isEnding = false;
  #isGone = false;

  constructor(pod: PodObject, options: PodRunOptions) {
    this.#options = options;
    this.#key = keyOfObject(pod);
    this.#uid = pod.metadata.uid;
    this.#node = pod.spec.nodeName ?? "";
    this.#folder = join(options.folder, this.#uid);
    this.#startedMs = options.world.now();
    this.#files = new MountedFiles(this.#folder, options.user, options.secrets);
    this.#jupyter = new PlayedJupyter({
      pod: pod.metadata.name,
      address: options.podIP,
      onTrouble: (message) => options.record(pod, "Warning", "Failed", message),
    });
    this.containers = pod.spec.containers.map(
      (container) =>
        new ContainerRun({
          container,
          now: options.world.now,
          readyMs: options.readyMs,
          onChange: () => this.publish(),
        }),
    );
  }

  begin(): void {
    const activeDeadlineSeconds = this.#pod()?.spec.activeDeadlineSeconds;
    if (activeDeadlineSeconds !== undefined) this.#setDeadline(activeDeadlineSeconds);
    this.publish();
    // whoever watches sees the pod waiting before it runs, and a Secret may come after its pod
    this.#later(this.#options.pullMs, () => this.#run());
  }

  /** Something of the pod has changed. */
  changed(pod: PodObject, before: PodObject | undefined): void {
    const { activeDeadlineSeconds } = pod.spec;
    if (
      activeDeadlineSeconds !== undefined &&
      activeDeadlineSeconds !== before?.spec.activeDeadlineSeconds
    ) {
      this.#setDeadline(activeDeadlineSeconds);
    }
    // a kubelet looks after what is mounted whenever the pod has changed
    if (this.containers.some(({ phase }) => phase.is === "running")) this.#mount(pod);
    const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
    if (deletionTimestamp !== undefined) this.#endWithin(deletionGracePeriodSeconds);
  }

  /** It is no longer there: without a word, whatever it does. */
  vanish(): void {
    this.#isGone = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const container of this.containers) container.kill();
    this.#closePorts();
    this.#jupyter.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Hands a connection to one of its ports on. */
  connect(port: number, socket: Duplex): void {
    if (this.#ports === undefined) socket.destroy();
    else this.#ports.connect(port, socket);
  }

  /** Memory was short: the kernel kills the container. */
  outOfMemory(): void {
    for (const container of this.containers) container.kill("OOMKilled");
  }

  /** The node needs its room. */
  evict(message: string): void {
    this.#end = { reason: "Evicted", message };
    const pod = this.#pod();
    if (pod) this.#options.record(pod, "Warning", "Evicted", message);
    for (const container of this.containers) container.kill();
    this.publish();
  }

  /** Writes what it does, unless nobody hears it; what is deleted goes when it has ended. */
  publish(): void {
    const pod = this.#pod();
    if (pod === undefined || this.#isGone || this.#options.isLost(this.#node)) return;
    const { world, podIP } = this.#options;
    const phases = this.containers.map(({ phase }) => phase);
    const parts = { pod, phases, podIP, startedMs: this.#startedMs, end: this.#end };
    const status = statusOf({ ...parts, nowMs: world.now() });
    world.store.update("pods", { ...pod, status });
    // whoever was told of that may have deleted it
    const now = this.#pod();
    const hasEnded = phases.every(({ is }) => is === "terminated");
    if (hasEnded) this.#closePorts();
    if (hasEnded && now?.metadata.deletionTimestamp !== undefined) {
      markDeleted(world, "pods", now, 0);
    }
  }

  /** @throws MountError */
  #mount(pod: PodObject): void {
    if (this.#isGone) return;
    this.#openFolder(this.#folder);
    this.#files.update(pod);
    this.#jupyter.turn(this.#files.read(SWITCH));
  }

  #openFolder(folder: string): void {
    const { user } = this.#options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (user) chownSync(folder, user.uid, user.gid);
  }

  #pod(): PodObject | undefined {
    const found = this.#options.world.store.get("pods", this.#key);
    return found?.metadata.uid === this.#uid ? (found as PodObject) : undefined;
  }

  #run(): void {
    const pod = this.#pod();
    if (pod === undefined || this.#isGone || this.#isEnding) return;
    const trouble = this.#imageTrouble(pod);
    if (trouble) return;
    try {
      this.#mount(pod);
      pod.spec.containers.forEach((container, index) => {
        const run = this.containers[index];
        if (run?.phase.is === "waiting") this.#start(pod, container, run);
      });
    } catch (error) {
      this.#waitFor(pod, error);
      this.#later(this.#options.retryMs, () => this.#run());
    }
  }

  /** What is missing may come. */
  #waitFor(pod: PodObject, error: unknown): void {
    const { record } = this.#options;
    if (error instanceof MountError) {
      record(pod, "Warning", "FailedMount", error.message);
      return;
    }
    if (!(error instanceof ConfigError)) throw error;
    for (const run of this.containers) run.wait("CreateContainerConfigError", error.message);
    record(pod, "Warning", "Failed", `Error: ${error.message}`);
  }

  #start(
    pod: PodObject,
    container: PodObject["spec"]["containers"][number],
    run: ContainerRun,
  ): void {
    const { world, user, volumes, guardian, mark, podIP, record } = this.#options;
    const { namespace } = pod.metadata;
    const claim = claimMountedBy(pod, container);
    const disk = claim === undefined ? undefined : volumes.folderOf(namespace, claim);
    const [home, tmp] = [disk ?? join(this.#folder, "home"), join(this.#folder, "tmp")];
    const secret = (name: string): StoredObject | undefined =>
      world.store.get("secrets", keyOf(namespace, name));
    const env = environmentOf(container, { pod, secret, podIP, home, tmp });
    const command = commandOf(container, env);
    for (const folder of [this.#folder, ...(disk === undefined ? [home] : []), tmp]) {
      this.#openFolder(folder);
    }
    const who = user === undefined ? "you" : "nobody";
    const what =
      command.length === 0
        ? "there is no command, so nothing runs"
        : `its command runs as a process of this machine (as ${who})`;
    const { sshd } = this.#options;
    const isEntered = sshPortOf(container) !== undefined;
    const noDoor =
      isEntered && typeof sshd === "string" ? `\nairlock: nobody can log in: ${sshd}` : "";
    // whatever that image is a machine has itself, and what reads the log expects no words of ours in it
    const isPlain = isToolsAlone(container.image) && !isEntered;
    const firstLine = `airlock: the image ${container.image} is not run here: ${what}${noDoor}`;
    const process = { command, env, folder: home, user, guardian };
    record(pod, "Normal", "Started", `Started container ${container.name}`);
    run.start(
      command.length === 0
        ? undefined
        : { ...process, mark: `${mark}/${this.#uid}/${container.name}` },
      isPlain ? undefined : firstLine,
    );
    this.#openPorts(container, { env, home });
  }

  /** Those of the first container that has SSH, or of the first one. */
  #openPorts(
    container: PodObject["spec"]["containers"][number],
    { env, home }: Pick<SshFilesOptions, "env" | "home">,
  ): void {
    const sshPort = sshPortOf(container);
    if (this.#ports !== undefined && sshPort === undefined) return;
    this.#closePorts();
    const { user, guardian, podIP, sshd } = this.#options;
    const door =
      sshPort === undefined || typeof sshd === "string"
        ? undefined
        : openSshDoor({
            program: sshd,
            folder: join(this.#folder, "ssh"),
            home,
            env,
            mark: this.#sshMark,
            user,
            guardian,
            keys: () => sshKeysOf((file) => this.#files.read(file)),
          });
    this.#ports = openPodPorts({ podIP, sshPort, door });
  }

  get #sshMark(): string {
    return `${this.#options.mark}/${this.#uid}/ssh`;
  }

  #closePorts(): void {
    if (this.#ports === undefined) return;
    this.#ports.close();
    this.#ports = undefined;
    endMarked(this.#sshMark);
  }

  /** Says what is wrong with an image, and tries again later unless that is for good. */
  #imageTrouble(pod: PodObject): boolean {
    const troubles = pod.spec.containers.map(({ image }) =>
      imageTrouble(image, this.#options.imageFaults()),
    );
    const first = troubles.find((one) => one !== undefined);
    if (first === undefined) return false;
    const isPull = first.reason === "ErrImagePull";
    const reason = isPull && this.#pulls++ % 2 === 1 ? "ImagePullBackOff" : first.reason;
    troubles.forEach((trouble, index) => {
      if (trouble) this.containers[index]?.wait(reason, trouble.message);
    });
    this.#options.record(pod, "Warning", "Failed", first.message);
    if (first.reason !== "InvalidImageName") {
      this.#later(this.#options.retryMs, () => this.#run());
    }
    return true;
  }

  #setDeadline(seconds: number): void {
    const leftMs = this.#startedMs + seconds * 1000 - this.#options.world.now();
    this.#later(leftMs, () => {
      if (
        this.#end !== undefined ||
        this.containers.every(({ phase }) => phase.is === "terminated")
      )
        return;
      const message = "Pod was active on the node longer than the specified deadline";
      this.#end = { reason: "DeadlineExceeded", message };
      this.publish();
      this.#endWithin(this.#pod()?.spec.terminationGracePeriodSeconds ?? 30);
    });
  }

  #endWithin(graceSeconds: number): void {
    if (!this.#isEnding) {
      this.#isEnding = true;
      for (const container of this.containers) container.terminate();
    }
    this.#later(graceSeconds * 1000, () => {
      for (const container of this.containers) container.kill();
    });
    this.publish();
  }

  #later(delayMs: number, work: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        if (!this.#isGone) work();
      },
      Math.min(Math.max(0, delayMs), 2 ** 31 - 1),
    ).unref();
    this.#timers.add(timer);
  }
}

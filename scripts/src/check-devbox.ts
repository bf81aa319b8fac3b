/** `pnpm check:devbox`: the tools of jobs' pods in images of every kind, by podman in the kubelet's place. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeHostKey } from "../../services/processor/src/access/host-key.ts";
import { CHECKS, WORDS } from "./check-devbox/checks.ts";
import { openClient } from "./check-devbox/client.ts";
import { isFree, PORT, type PodPlan, playPod } from "./check-devbox/played-pod.ts";
import { hasImage, isThere, podman } from "./check-devbox/podman.ts";

const { DEVBOX_IMAGE: TOOLS = "localhost/airlock-devbox:dev" } = process.env;
const { CHECK_DEBIAN_IMAGE: DEBIAN = "docker.io/library/node:24-bookworm-slim" } = process.env;
const EMPTY = "localhost/airlock-check-empty:1";
const BUSYBOX = "localhost/airlock-check-busybox:1";
const LIMIT_BYTES = 25_000_000;

type Case = Pick<PodPlan, "image" | "user" | "security" | "isReadOnly">;
const restricted = { security: "restricted", isReadOnly: true } as const;
const CASES: Readonly<Record<string, Case>> = {
  "an empty image, user 1000": { image: EMPTY, user: 1000, ...restricted },
  "an empty image, user 4321": { image: EMPTY, user: 4321, ...restricted },
  "busybox, user 1000": { image: BUSYBOX, user: 1000, ...restricted },
  "busybox, user 4321": { image: BUSYBOX, user: 4321, ...restricted },
  "Debian, user 1000": { image: DEBIAN, user: 1000, ...restricted },
  "Debian, user 4321": { image: DEBIAN, user: 4321, ...restricted },
  "Debian, root (baseline)": { image: DEBIAN, user: 0, security: "baseline", isReadOnly: false },
};

let faults = 0;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
function tell(promise: string, fault: string | undefined): void {
  if (fault !== undefined) faults++;
  say(fault === undefined ? `  ok      ${promise}` : `  BROKEN  ${promise}: ${fault}`);
}

/** Images of nothing, and of nothing but a busybox. */
async function makeImages(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-images-"));
  const build = async (tag: string, lines: readonly string[]) => {
    await writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
    await podman("build", "--quiet", "--pull=never", "--tag", tag, folder);
  };
  await build(EMPTY, ["FROM scratch", "LABEL empty=yes"]);
  const copies = ["busybox", "sh"].map(
    (name) => `COPY --from=${TOOLS} /opt/airlock/bin/busybox /bin/${name}`,
  );
  await build(BUSYBOX, ["FROM scratch", ...copies]);
  await rm(folder, { recursive: true, force: true });
}

async function checkCase(name: string, plan: Case): Promise<void> {
  say(`\n${name}`);
  const host = makeHostKey();
  const client = await openClient([host.publicKey]);
  const files = { hostKey: host.privateKey, authorizedKeys: [client.key.publicKey] };
  const common = { ...plan, toolsImage: TOOLS, variables: { WORDS }, files };
  try {
    const full = { ...common, command: null, keep: false };
    const pod = await playPod(full);
    try {
      const readyMs = await pod.ready();
      say(`  its port answers after ${Math.round(readyMs)} ms`);
      for (const [promise, check] of CHECKS) {
        tell(promise, await check({ pod, plan: full, client }).catch(String));
      }
      await pod.stop();
      const code = await pod.ended();
      tell("SIGTERM ends a box", code === 0 ? undefined : String(code));
    } finally {
      await pod.remove();
    }
    await checkCommand("a command's output and exit code are the container's", common, {
      command: 'printf %s "$WORDS"; exit 3',
      keep: false,
      code: 3,
      log: WORDS,
    });
    await checkCommand("SIGTERM gets to the command", common, {
      command: "trap 'echo asked; exit 9' TERM; echo begun; while :; do sleep 0.1; done",
      keep: false,
      code: 9,
      log: "begun\nasked",
      isStopped: true,
    });
    await checkCommand("a box goes on after its command", common, {
      command: "exit 4",
      keep: true,
      code: 0,
      log: "airlock: the command ended with exit code 4; the job goes on",
      isStopped: true,
    });
  } finally {
    await client.close();
  }
}

interface Wanted {
  readonly command: string;
  readonly keep: boolean;
  readonly code: number;
  readonly log: string;
  readonly isStopped?: boolean;
}

async function checkCommand(
  promise: string,
  common: Omit<PodPlan, "command" | "keep">,
  { command, keep, code, log, isStopped = false }: Wanted,
): Promise<void> {
  const pod = await playPod({ ...common, command, keep });
  try {
    if (isStopped) {
      await pod.ready();
      await pod.stop();
    }
    const ended = await pod.ended();
    const said = await pod.log();
    const isSo = ended === code && said.trim() === log.trim();
    tell(promise, isSo ? undefined : JSON.stringify({ ended, said }));
  } finally {
    await pod.remove();
  }
}

async function main(): Promise<void> {
  if (!isThere("podman", "--version")) return say("not run: podman absent");
  if (!isThere("ssh", "-V")) return say("not run: ssh absent");
  for (const image of [TOOLS, DEBIAN]) {
    if (!hasImage(image)) return say(`not run: the image ${image} absent`);
  }
  if (!(await isFree()))
    return say(`not run: port ${PORT} is taken, as by a pod of local-kubernetes`);
  const sizeBytes = Number(await podman("image", "inspect", "--format={{.Size}}", TOOLS));
  const size = `${TOOLS} has ${(sizeBytes / 1e6).toFixed(1)} MB of content, 25 at most`;
  tell(size, sizeBytes <= LIMIT_BYTES ? undefined : "too much");
  await makeImages();
  const wanted = process.argv.slice(2).join(" ");
  for (const [name, plan] of Object.entries(CASES)) {
    if (name.includes(wanted)) await checkCase(name, plan);
  }
  say(faults === 0 ? "\nno fault" : `\n${faults} broken`);
}

await main();
process.exitCode = faults === 0 ? 0 : 1;

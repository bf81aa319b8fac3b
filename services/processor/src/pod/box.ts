/**
 * What makes a box of a container, whatever its image has in it: folders, files that change while it runs, and the
 * tools that bring its start script and sshd.
 */

import { filesNameOf } from "./pod-names.ts";
import type { PodRules, PodWish } from "./pod-wish.ts";
import { startScript } from "./start-script.ts";

/** Above 1023, so that it needs no right. */
export const SSH_PORT = 2222;
export const JUPYTER_PORT = 8888;

/** Fixed when the tools are built: their libraries are found there. */
const TOOLS = "/opt/airlock";
const READY_SECONDS = 2;

/** Copies the tools into the pod, before the job's container starts. */
export function toolsContainers({ toolsImage }: PodRules, securityContext: object) {
  if (toolsImage === undefined) return {};
  const amounts = { cpu: "100m", memory: "64Mi" };
  return {
    initContainers: [
      {
        name: "tools",
        image: toolsImage,
        command: [`${TOOLS}/bin/busybox`, "cp", "-dR", `${TOOLS}/.`, "/tools"],
        resources: { requests: amounts, limits: { memory: amounts.memory } },
        securityContext,
        volumeMounts: [{ name: "tools", mountPath: "/tools" }],
      },
    ],
  };
}

/** Without the tools, the image's own shell; its entrypoint never runs. */
export function startOf(wish: PodWish, { toolsImage }: PodRules) {
  if (toolsImage === undefined) return { command: ["/bin/sh", "-c", startScript(wish)] };
  return {
    command: [`${TOOLS}/bin/busybox`, "sh", `${TOOLS}/start.sh`],
    args: [!wish.hasCommand ? "stay" : wish.keep ? "run-and-stay" : "run"],
    readinessProbe: { tcpSocket: { port: SSH_PORT }, periodSeconds: READY_SECONDS },
  };
}

export function volumesOf(wish: PodWish, { toolsImage }: PodRules) {
  const { homeClaim } = wish;
  return [
    homeClaim === null
      ? { name: "home", emptyDir: {} }
      : { name: "home", persistentVolumeClaim: { claimName: homeClaim } },
    { name: "workspace", emptyDir: {} },
    { name: "shm", emptyDir: { medium: "Memory", sizeLimit: `${shmMib(wish)}Mi` } },
    // an image that may not be written to has no place for sockets else
    { name: "tmp", emptyDir: {} },
    // its user is of the group that owns them
    { name: "files", secret: { secretName: filesNameOf(wish.podName, wish), defaultMode: 0o440 } },
    ...(toolsImage === undefined
      ? []
      : [
          { name: "tools", emptyDir: {} },
          { name: "state", emptyDir: {} },
        ]),
  ];
}

/** It counts as the container's memory. */
const shmMib = ({ memoryMib }: PodWish): number => Math.max(1, Math.floor(memoryMib / 2));

export const mountsOf = ({ toolsImage }: PodRules) => [
  { name: "home", mountPath: "/home/dev" },
  { name: "workspace", mountPath: "/workspace" },
  { name: "shm", mountPath: "/dev/shm" },
  { name: "tmp", mountPath: "/tmp" },
  // the whole folder: what is mounted by `subPath` never changes
  { name: "files", mountPath: "/etc/airlock", readOnly: true },
  ...(toolsImage === undefined
    ? []
    : [
        { name: "tools", mountPath: TOOLS, readOnly: true },
        { name: "state", mountPath: "/run/airlock" },
      ]),
];

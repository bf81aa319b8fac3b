/** A program that runs one pod and waits, for a test to kill it. */
import { startLocalKubernetes } from "@airlock/local-kubernetes";

const local = await startLocalKubernetes({ nodes: [{ name: "n1" }] });
const command = [
  "/bin/sh",
  "-c",
  'sleep 600 & setsid sleep 600 & echo "pids $$$$ $!"; cd; pwd; wait',
];
const containers = [{ name: "main", image: "example.com/image:1", command }];
await fetch(`${local.url}/api/v1/namespaces/jobs/pods`, {
  method: "POST",
  body: JSON.stringify({ metadata: { name: "kept" }, spec: { containers } }),
});
for (let said = ""; !said.includes("/home"); ) {
  const log = await fetch(`${local.url}/api/v1/namespaces/jobs/pods/kept/log`);
  said = log.ok ? await log.text() : "";
  if (said.includes("/home")) process.stdout.write(`${said}END\n`);
}

/** What goes on while it is read: events of a job as they happen, and a connection that becomes a tunnel. */
import { ask } from "../rig/ask.ts";
import type { Stage } from "../scenario.ts";
import type { Door } from "./proxy.ts";
import type { ProxyRig } from "./rig.ts";

const SOON_MS = 5000;
const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

export async function liveStreams(stage: Stage, rig: ProxyRig, { url }: Door): Promise<void> {
  const [key = ""] = rig.keys;
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = JSON.stringify({ image: "img", instance_type: "p5.48xlarge" });
  const submitted = await fetch(`${url}/v1/jobs/submit`, { method: "POST", headers, body });
  const { job_id: id } = (await submitted.json()) as { job_id: string };

  const events = await firstEvent(`${url}/v1/jobs/${id}/events`, headers.authorization);
  const isThere = events.includes("id: 1\n");
  stage.check(
    "a stream of events: the first one while it goes on",
    "at once",
    isThere,
    "1 job",
    events.split("\n", 1)[0] ?? "",
  );

  const path = `/v1/jobs/${id}/tunnel?port=22`;
  const codeOf = async (gateway: string, more: Readonly<Record<string, string>>) => {
    const answer = await ask(gateway, path, { headers: { ...headers, ...more } });
    return `${answer.status} ${/"code":"(\w+)"/.exec(answer.body)?.[1] ?? answer.error}`;
  };
  const direct = await codeOf(rig.gateways[0]?.url ?? "", UPGRADE);
  const [through, without] = [await codeOf(url, UPGRADE), await codeOf(url, {})];
  const isUpgraded = through === direct && without !== direct;
  stage.check("a tunnel: asked for as without a proxy", direct, isUpgraded, "1 job", through);
}

/** What has come by the time that the first event is there. */
async function firstEvent(url: string, authorization: string): Promise<string> {
  const answer = await fetch(url, {
    headers: { authorization, accept: "text/event-stream" },
    signal: AbortSignal.timeout(SOON_MS),
  });
  let text = "";
  try {
    for await (const part of answer.body ?? []) {
      text += Buffer.from(part).toString();
      if (text.includes("id: 1\n")) break;
    }
  } catch (error) {
    text += String(error);
  }
  return text;
}

/** A relay before a server that does now and again what no server may: what the fuzzer must find. */
import { connect, createServer } from "node:net";
import type { Stage } from "../scenario.ts";

export const PLANTED_FAULTS = {
  "an answer twice": /\d+ answers|bytes behind/,
  "a body after HEAD": /bytes behind/,
  "a fault of the server": /answered /,
  "an answer instead of the one before it": / in the place of /,
  "an answer that is never given": / is missing/,
} as const;
export type PlantedFault = keyof typeof PLANTED_FAULTS;

const REFUSAL =
  "HTTP/1.1 417 Expectation Failed\r\nx-request-id: other\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno";
/** One connection in so many is spoiled; of those that begin with HEAD, which are few, each. */
const EVERY = 20;
/** Those after which the connection ends. */
const LAST: readonly PlantedFault[] = [
  "an answer instead of the one before it",
  "an answer that is never given",
];

/** @returns the port of the relay. */
export async function startPlantedRelay(
  stage: Stage,
  port: number,
  fault: PlantedFault,
): Promise<number> {
  let connections = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const isSpoiled = connections++ % EVERY === 0 || fault === "a body after HEAD";
    const backend = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    let asked = "";
    client.on("data", (bytes) => {
      asked += bytes.toString("latin1");
      backend.write(bytes);
    });
    backend.on("data", (bytes) => {
      const answer = isSpoiled ? spoiled(fault, bytes.toString("latin1"), asked) : bytes;
      client.write(typeof answer === "string" ? Buffer.from(answer, "latin1") : answer);
      if (isSpoiled && LAST.includes(fault)) client.end();
    });
    client.on("end", () => backend.end());
    backend.on("end", () => client.end());
    for (const [one, other] of [
      [client, backend],
      [backend, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stage.defer(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return address.port;
}

function spoiled(fault: PlantedFault, answer: string, asked: string): string {
  switch (fault) {
    case "an answer twice":
      return answer + answer;
    case "a body after HEAD":
      return asked.startsWith("HEAD ") ? `${answer}{"too":"much"}` : answer;
    case "a fault of the server":
      return answer.replace(/^HTTP\/1\.1 \d{3}/, "HTTP/1.1 500");
    case "an answer instead of the one before it":
      return asked.includes("good-") ? REFUSAL : answer;
    case "an answer that is never given":
      return "";
  }
}

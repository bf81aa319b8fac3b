/** Sends one fuzzed request on a connection of its own, and tells what came back. */
import { connect } from "node:net";
import type { Random } from "../rig/random.ts";
import { expectedAnswers } from "./framing.ts";
import type { GoodRequest } from "./good-requests.ts";
import { readResponses } from "./responses.ts";

export interface Verdict {
  readonly statuses: readonly number[];
  /** A sentence for each rule that was broken. */
  readonly faults: readonly string[];
  readonly tookMs: number;
}

export interface FuzzLimits {
  /** No answer for so long: the server waits for more, and is told that there is none. */
  readonly patienceMs: number;
  /** From the last byte sent to the end of the connection. */
  readonly hangMs: number;
}

/** Sometimes in pieces, for parsers have states between any two bytes. */
function piecesOf(bytes: Buffer, random: Random): Buffer[] {
  if (bytes.length < 2 || !random.chance(0.2)) return [bytes];
  const cut = 1 + random.below(bytes.length - 1);
  return [bytes.subarray(0, cut), bytes.subarray(cut)];
}

/** What is sent on a connection, in one go or in two. */
export interface Sent {
  readonly good: readonly GoodRequest[];
  /** Behind them, as latin-1 text. */
  readonly text: string;
}

/**
 * The client asks the server to keep the connection, waits a moment for all answers, and then ends
 * its side: the server must then end its own. `isPatient` clients do not: the server's own time
 * limits have to end it.
 */
export function fuzzOnce(
  port: number,
  { good, text: last }: Sent,
  random: Random,
  isPatient: boolean,
  limits: FuzzLimits,
): Promise<Verdict> {
  const text = [...good.map((one) => one.text), last].join("");
  const { methods } = expectedAnswers(text);
  const pieces = piecesOf(Buffer.from(text, "latin1"), random);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let received = "";
    let hung = false;
    let endedBy: "client" | "server" | undefined;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    const giveUp = setTimeout(() => {
      hung = true;
      socket.destroy();
    }, limits.hangMs);
    const endMine = () => {
      endedBy ??= "client";
      if (!socket.writableEnded) socket.end();
    };
    let patience: NodeJS.Timeout | undefined;
    const waitFor = (ms: number) => {
      clearTimeout(patience);
      if (!isPatient) patience = setTimeout(endMine, ms);
    };
    socket.on("connect", () => {
      const [first = Buffer.alloc(0), second] = pieces;
      socket.write(first);
      if (second) setImmediate(() => socket.writable && socket.write(second));
      waitFor(limits.patienceMs);
    });
    socket.setEncoding("latin1").on("data", (data: string) => {
      received += data;
      const { statuses } = readResponses(received, methods);
      // a moment longer, in case that there is an answer too many
      if (statuses.length >= methods.length) {
        if (isPatient) endMine();
        else waitFor(15);
      }
    });
    socket.on("end", () => {
      endedBy ??= "server";
      endMine();
    });
    socket.on("error", () => {}); // a reset is an end like another: "close" follows
    socket.on("close", () => {
      clearTimeout(giveUp);
      clearTimeout(patience);
      const tookMs = performance.now() - startedAt;
      const verdict = judge(received, methods, hung, tookMs);
      const isEndedByServer = endedBy === "server";
      resolve({
        ...verdict,
        faults: [...verdict.faults, ...misplaced(received, good, isEndedByServer)],
      });
    });
  });
}

function judge(
  received: string,
  methods: readonly string[],
  hung: boolean,
  tookMs: number,
): Verdict {
  const { statuses, rest, failures } = readResponses(received, methods);
  const faults: string[] = [];
  if (hung) faults.push(`still open after ${Math.round(tookMs)} ms`);
  // who sends nothing in time may be told so
  if (statuses.length > Math.max(1, methods.length)) {
    faults.push(`${statuses.length} answers (${statuses}) to ${methods.length} requests`);
  }
  if (rest !== "" && statuses.length > 0) {
    faults.push(`bytes behind the last answer: ${JSON.stringify(rest.slice(0, 80))}`);
  }
  for (const failure of failures) faults.push(`answered ${JSON.stringify(failure.slice(0, 2000))}`);
  return { statuses, faults, tookMs };
}

/** Answers that came in the place of those to good requests, or that never came. */
function misplaced(
  received: string,
  good: readonly GoodRequest[],
  isEndedByServer: boolean,
): string[] {
  const { statuses, ids } = readResponses(
    received,
    good.map(() => "GET"),
  );
  for (const [index, { id }] of good.entries()) {
    const status = statuses[index];
    if (status === undefined) return isEndedByServer ? [`answer to ${id} is missing`] : [];
    if (status !== 200 || ids[index] !== id) return [`answer ${status} in the place of ${id}`];
  }
  return [];
}

/** Why a container does not start: which words of the kubelet are the end, and which pass. */
import type { Words } from "./sight.ts";

/**
 * - fatal: it will never start
 * - doubtful: it will not start, unless somebody mends it within moments
 * - passing: it is tried again
 */
export interface ContainerTrouble {
  readonly weight: "fatal" | "doubtful" | "passing";
  readonly sentence: string;
  /** Of a pull: one more try has failed, or the node waits before the next one. */
  readonly pull?: "failed" | "pausing";
}

/** Busy registries and broken lines; they win, as their words quote the others. */
const PASSING =
  /429|toomanyrequests|too many requests|rate limit|\b50[0-9]\b|bad gateway|unavailable|timeout|timed out|deadline exceeded|connection (refused|reset)|no such host|i\/o|EOF|temporary/i;
const WRONG =
  /\b40[134]\b|unauthori[sz]ed|forbidden|denied|authentication required|not found|manifest unknown|name unknown|no match for platform|no matching manifest|does not exist/i;

/** Undefined: it is on its way, and there is nothing to say but that. */
export function containerTrouble({ reason, message }: Words): ContainerTrouble | undefined {
  const words = firstLine(message);
  switch (reason) {
    case "InvalidImageName":
      return { weight: "fatal", sentence: "The image's name is not a valid one." };
    case "ErrImageNeverPull":
      return {
        weight: "fatal",
        sentence: "The image is not on the node, and the cluster forbids pulling it.",
      };
    case "ErrImagePull":
    case "RegistryUnavailable":
    case "SignatureValidationFailed":
      return { ...pulling(words), pull: "failed" };
    case "ImagePullBackOff":
      return { ...pulling(words), pull: "pausing" };
    case "CreateContainerConfigError":
      return { weight: "doubtful", sentence: `The container cannot be set up: ${words}` };
    case "CreateContainerError":
    case "RunContainerError":
      return { weight: "doubtful", sentence: `The container cannot be started: ${words}` };
    default:
      return undefined;
  }
}

function pulling(words: string): ContainerTrouble {
  // a back-off says no more than the image's name
  const own = withoutNames(words);
  if (WRONG.test(own) && !PASSING.test(own)) {
    return { weight: "doubtful", sentence: `${PULLS}cannot be pulled: ${words}` };
  }
  return {
    weight: "passing",
    sentence: `${PULLS}is being pulled; the last try failed: ${words}`,
  };
}

/** How both begin. */
export const PULLS = "The image ";

/** A tag or a digest may look like a status of HTTP. */
const withoutNames = (words: string): string =>
  words.replaceAll(/"[^"]*"/g, "").replaceAll(/\S+\/\S+/g, (word) => (word === "i/o" ? word : ""));

const MAX_LENGTH = 300;

function firstLine(message: string): string {
  const [line = ""] = message.trim().split("\n");
  if (line === "") return "no reason was given.";
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}

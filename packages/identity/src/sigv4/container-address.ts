/** Which addresses may be asked for credentials: whoever answers there decides as whom the gateway speaks. */
import { BlockList, isIP } from "node:net";

/** Where ECS answers what AWS_CONTAINER_CREDENTIALS_RELATIVE_URI asks for. */
const ECS = "http://169.254.170.2";
/** ECS, and EKS Pod Identity in both families. Nothing else that is link-local: 169.254.169.254 has the node's role. */
const OF_AWS = new Set(["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]);

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

/**
 * The address that the two variables name.
 *
 * @returns a sentence where it may not be asked.
 */
export function containerAddress(
  relative: string | undefined,
  full: string | undefined,
): URL | { readonly problem: string } {
  if (relative !== undefined) {
    const at = relative.startsWith("/") ? parsed(`${ECS}${relative}`) : undefined;
    if (at?.origin === ECS && !at.username) return at;
    return { problem: "must be a path that begins with a slash" };
  }
  const at = parsed(full ?? "");
  if (!at || at.username || at.password || at.hash) {
    return { problem: "must be an http or https URL without credentials or fragment" };
  }
  if (at.protocol === "https:" || isTrusted(at.hostname)) return at;
  return {
    problem:
      "must be https, a loopback address, or AWS's own: 169.254.170.2, 169.254.170.23, [fd00:ec2::23]",
  };
}

function parsed(text: string): URL | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

/** By the address itself: a name can lead anywhere, and `127.0.0.1.example.com` is one. */
function isTrusted(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, "");
  const family = isIP(address);
  if (family === 0) return false;
  return OF_AWS.has(address) || LOOPBACK.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Host names as names: case, a dot at the end and the port of the scheme make no difference. */

/** A registered name, IPv4 or bracketed IPv6 address, with an optional port (RFC 9110 §7.2). */
const HOST = /^([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{0,5}))?$/;

/** Of http and of https: whether TLS ended in front of us is not known here. */
const DEFAULT_PORTS: readonly number[] = [80, 443];

interface HostName {
  readonly name: string;
  /** Undefined for none, and for a default one (RFC 9110 §4.2.3). */
  readonly port: number | undefined;
  readonly hasPort: boolean;
}

/** Clients ask for one name again and again: what was parsed last is known. */
let lastText: string | undefined;
let lastHost: HostName | undefined;

/** Undefined for what is not the value of a Host header. */
export function parseHost(text: string): HostName | undefined {
  if (text !== lastText) {
    lastHost = parse(text);
    lastText = text;
  }
  return lastHost;
}

function parse(text: string): HostName | undefined {
  const [, name, digits = ""] = HOST.exec(text) ?? [];
  if (name === undefined) return undefined;
  const port = Number(digits);
  const isDefault = digits === "" || DEFAULT_PORTS.includes(port);
  return {
    name: name.toLowerCase().replace(/\.$/, ""),
    port: isDefault ? undefined : port,
    hasPort: digits !== "",
  };
}

/** @param allowed names, and `*.suffix` for all below one; one without a port allows any. */
export function hostMatcher(allowed: readonly string[]): (host: string) => boolean {
  const patterns = allowed.map((text) => {
    const isSuffix = text.startsWith("*.");
    const { name, port, hasPort } = parseHost(isSuffix ? text.slice(2) : text) ?? {};
    return { name: isSuffix ? `.${name}` : name, port, hasPort, isSuffix };
  });
  return (text) => {
    const host = parseHost(text);
    if (!host) return false;
    return patterns.some(
      ({ name = "", port, hasPort, isSuffix }) =>
        (isSuffix ? host.name.endsWith(name) : host.name === name) &&
        (!hasPort || port === host.port),
    );
  };
}

/** Tokens that must not open the inner door, each with the answer it gets. */
import { createPublicKey, type JsonWebKey } from "node:crypto";
import { createLocalIssuer, type LocalIssuer } from "@airlock/local-issuer";
import { claimsOf, encode, hmacToken, type Rig } from "./harness.ts";

export interface RefusedToken {
  readonly name: string;
  readonly expected: string;
  token(rig: Rig): Promise<string> | string;
}

const goodHeader = ({ issuer }: Rig) => ({ alg: "RS256", kid: issuer.publicKeys()[0]?.kid });
const pem = ({ issuer }: Rig) =>
  createPublicKey({ key: issuer.publicKeys()[0] as JsonWebKey, format: "jwk" })
    .export({ type: "spki", format: "pem" })
    .toString();
const confused = async (r: Rig, secret: string) =>
  hmacToken({ ...goodHeader(r), alg: "HS256" }, claimsOf(await r.issuer.mint()), secret);
const changed = async (r: Rig, part: number, change: (text: string) => string) => {
  const parts = (await r.issuer.mint()).split(".");
  parts[part] = change(parts[part] ?? "");
  return parts.join(".");
};
/** Everything right but the key. */
const forged = async (r: Rig, header: (forger: LocalIssuer) => object) => {
  const forger = await createLocalIssuer({ now: r.clock.now });
  await forger.close();
  return forger.mint({ iss: r.issuer.issuer }, { ...goodHeader(r), ...header(forger) });
};
const other =
  (sub: string) =>
  ({ issuer }: Rig) =>
    issuer.mint({ sub });

export const REFUSED_TOKENS: readonly RefusedToken[] = [
  {
    name: "alg none without a signature",
    expected: "401 malformed",
    token: async (r) => `${encode({ alg: "none" })}.${encode(claimsOf(await r.issuer.mint()))}.`,
  },
  {
    name: "alg none with the signature of a good token",
    expected: "401 algorithm",
    token: (r) => changed(r, 0, () => encode({ ...goodHeader(r), alg: "none" })),
  },
  {
    name: "alg nOnE",
    expected: "401 algorithm",
    token: (r) => changed(r, 0, () => encode({ ...goodHeader(r), alg: "nOnE" })),
  },
  {
    name: "HS256 with the public key as the secret",
    expected: "401 algorithm",
    token: (r) => confused(r, pem(r)),
  },
  {
    name: "HS256 with the public key after a newline",
    expected: "401 algorithm",
    token: (r) => confused(r, `\n${pem(r)}`),
  },
  {
    name: "HS256 with the public key before a space",
    expected: "401 algorithm",
    token: (r) => confused(r, `${pem(r).trim()} `),
  },
  {
    name: "HS256 with the public key as JWK",
    expected: "401 algorithm",
    token: (r) => confused(r, JSON.stringify(r.issuer.publicKeys()[0])),
  },
  {
    name: "an algorithm that is not on the list",
    expected: "401 algorithm",
    token: ({ issuer }) => issuer.mint({}, { alg: "RS512" }),
  },
  {
    name: "an algorithm that is on the list, but not the key's",
    expected: "401 unknown_key",
    token: ({ issuer }) => issuer.mint({}, { alg: "ES256" }),
  },
  {
    name: "the right issuer's key, another issuer's name",
    expected: "401 issuer",
    token: ({ issuer }) => issuer.mint({ iss: "https://evil.example.com" }),
  },
  {
    name: "the issuer's name with a slash more",
    expected: "401 issuer",
    token: ({ issuer }) => issuer.mint({ iss: `${issuer.issuer}/` }),
  },
  {
    name: "the right issuer's name and kid, another one's key",
    expected: "401 signature",
    token: (r) => forged(r, () => ({})),
  },
  {
    name: "a key that the token brings along",
    expected: "401 signature",
    token: (r) => forged(r, (forger) => ({ jwk: forger.publicKeys()[0] })),
  },
  {
    name: "a kid that nobody has",
    expected: "401 unknown_key",
    token: ({ issuer }) => issuer.mint({}, { kid: "nobody" }),
  },
  {
    name: "a kid that is a path",
    expected: "401 unknown_key",
    token: ({ issuer }) => issuer.mint({}, { kid: "../../../../dev/null" }),
  },
  {
    name: "a kid that is no text",
    expected: "401 malformed",
    token: (r) => changed(r, 0, () => encode({ alg: "RS256", kid: ["a"] })),
  },
  {
    name: "another audience",
    expected: "401 audience",
    token: ({ issuer }) => issuer.mint({ aud: ["vault"] }),
  },
  {
    name: "the audience in another case",
    expected: "401 audience",
    token: ({ issuer }) => issuer.mint({ aud: ["AUX"] }),
  },
  {
    name: "an audience list with a foreign one",
    expected: "401 audience",
    token: ({ issuer }) => issuer.mint({ aud: ["aux", "vault"] }),
  },
  {
    name: "no audience",
    expected: "401 audience",
    token: ({ issuer }) => issuer.mint({ aud: undefined }),
  },
  {
    name: "an empty audience list",
    expected: "401 audience",
    token: ({ issuer }) => issuer.mint({ aud: [] }),
  },
  {
    name: "another service account of the same namespace",
    expected: "403 subject",
    token: other("system:serviceaccount:gateway:default"),
  },
  {
    name: "the same name in another namespace",
    expected: "403 subject",
    token: other("system:serviceaccount:team-a:gateway"),
  },
  {
    name: "a subject that only begins like ours",
    expected: "403 subject",
    token: other("system:serviceaccount:gateway:gateway2"),
  },
  {
    name: "a subject in another case",
    expected: "403 subject",
    token: other("system:serviceaccount:gateway:Gateway"),
  },
  {
    name: "no subject",
    expected: "401 claims",
    token: ({ issuer }) => issuer.mint({ sub: undefined }),
  },
  {
    name: "expired by 31 seconds",
    expected: "401 expired",
    token: ({ issuer, clock }) => issuer.mint({ exp: clock.seconds - 31 }),
  },
  {
    name: "expired by exactly the leeway",
    expected: "401 expired",
    token: ({ issuer, clock }) => issuer.mint({ exp: clock.seconds - 30 }),
  },
  {
    name: "not valid for another 31 seconds",
    expected: "401 not_yet_valid",
    token: ({ issuer, clock }) => issuer.mint({ nbf: clock.seconds + 31 }),
  },
  {
    name: "no expiry",
    expected: "401 claims",
    token: ({ issuer }) => issuer.mint({ exp: undefined }),
  },
  {
    name: "an expiry in words",
    expected: "401 malformed",
    token: ({ issuer }) => issuer.mint({ exp: "9999999999" }),
  },
  {
    name: "a changed payload",
    expected: "401 signature",
    token: (r) =>
      changed(r, 1, (text) => {
        const claims = JSON.parse(Buffer.from(text, "base64url").toString());
        return encode({ ...claims, exp: claims.exp + 86_400 });
      }),
  },
  {
    name: "a changed signature",
    expected: "401 signature",
    token: (r) => changed(r, 2, (text) => (text.startsWith("A") ? "B" : "A") + text.slice(1)),
  },
  {
    name: "a signature cut short",
    expected: "401 signature",
    token: (r) => changed(r, 2, (text) => text.slice(0, -4)),
  },
  {
    name: "an unencoded payload (b64)",
    expected: "401 malformed",
    token: ({ issuer }) => issuer.mint({}, { b64: false, crit: ["b64"] }),
  },
  {
    name: "a critical header that nobody understands",
    expected: "401 malformed",
    token: ({ issuer }) => issuer.mint({}, { crit: ["x"], x: 1 }),
  },
  {
    name: "100 KB of token",
    expected: "401 too_large",
    token: ({ issuer }) => issuer.mint({ padding: "x".repeat(100_000) }),
  },
  {
    name: "the header twice, as Node joins it",
    expected: "401 malformed",
    token: async ({ issuer }) => {
      const token = await issuer.mint();
      return `${token}, ${token}`;
    },
  },
  { name: "words", expected: "401 malformed", token: () => "not-a-token" },
  { name: "nothing", expected: "401 missing", token: () => "" },
  { name: "three empty objects", expected: "401 algorithm", token: () => "e30.e30.e30" },
  { name: "five parts (JWE)", expected: "401 malformed", token: () => "a.b.c.d.e" },
  {
    name: "a space after it",
    expected: "401 malformed",
    token: async ({ issuer }) => `${await issuer.mint()} `,
  },
];

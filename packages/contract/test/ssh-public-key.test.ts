/** Which lines are SSH public keys that OpenSSH takes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSshPublicKey } from "@airlock/contract";

const KEYS = {
  ed25519:
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBXEsTbfUvnnmqET6aF6i/3K8Qrtxu8VfjzQFFP3Gcob alice@laptop",
  rsa2048:
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCymsssGrL3PpWybUYhBjUZE6MgIupuOuIycB3PaRvBcM2eUMiC4717d6xeQV36LPDRph67NfhYJaHaY6G0iHdUYRfVCpHYUu+8nQx0hHE7ia55a7AniPG11Ipp81USMdwGgZpn0d5aL5P9QRb4iieP1gvZ/2idYVipShdgYFAK6l7l/BMVkpA8u7+MYHCLk2w0kk8zDk1bESrejYJ9GpWexV40E/l+PIkU0Ck8oQlSIVqzil/Zn1l/MRYxD9xzd8/U0j1k6Ncwmq1wAFRaozN+x3aR86AK/vKHjhln8Pj1uvbuIChLISliI0Gu3VNZy1QBhhiA5qrp0uNfxHBos+/p rsa key",
  rsa1024:
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDIEFtHCA25IzWEmuc659doTmgLsINVIM1kZbyRhsX5wbnD+AD+VK4AfZqtK0ob1gmOrFtTiThPETtykcGABa0Vtb0mbPAiaIgCsfR9/70vIwyzsSSSzg8H++gv+UvDnTEMHvDq2gsVhougLOgnzwysoqf4zZm/P2bzxm76F75Qvw==",
  nistp256:
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCyF24ClpwfAlQ9AXaaWIaWXtfhBKs5F/ZNBZ4Z0szqV/9jWNIkjUi/JENlKItRq0rG7kvSaHiyILzx7WB0ketQ= ec 256",
  nistp384:
    "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBDE1F8t/AT6bqtFqDaemCclpSdUOHxWOa3ogHJAxyVq1OqK8JxAPh+lajdgFDHTq1f6xA9+veoiqonEX7SzSuMO+bUg7pVvUgSzwxkIzOPHTwJbXQoEijK8Q+CwH7FTBiQ== ec 384",
  nistp521:
    "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBACGTHRaWSL1fQih1NlNoS5NSOihiDdcLgktZbiUC/b7JAWHiE8F99ZUQMlFny0UWZ6BE7nuiA6nfVD/YzQWCLYR1wCatz413tG1y8En2sREE1txQOMLCJAKDQiygG6ZiYmrNDpW/+tbFXJ+sJmmCKxsqkXLnTyAH3KOkrPHUlO8RKnXLA== ec 521",
} as const;

/** A blob of fields, each behind its length (RFC 4251 §5). */
const blobOf = (...fields: (string | Buffer)[]): string =>
  Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  ).toString("base64");
const [, ED_BLOB = ""] = KEYS.ed25519.split(" ");
const [, EC_BLOB = ""] = KEYS.nistp256.split(" ");
const point = Buffer.from(EC_BLOB, "base64").subarray(-65);
const rsa = (bits: number, exponent = Buffer.from([1, 0, 1])) => {
  const modulus = Buffer.alloc(bits / 8, 0xff);
  return `ssh-rsa ${blobOf("ssh-rsa", exponent, Buffer.concat([Buffer.from([0]), modulus]))}`;
};

for (const [name, line] of [
  ...Object.entries(KEYS),
  ["a key without a comment", `ssh-ed25519 ${ED_BLOB}`],
  ["a comment of many words", `${KEYS.ed25519} and "more" \u00e9`],
  ["RSA of 16384 bits", rsa(16_384)],
  [
    "a security key",
    `sk-ssh-ed25519@openssh.com ${blobOf("sk-ssh-ed25519@openssh.com", Buffer.alloc(32, 7), "ssh:")} yubi`,
  ],
  [
    "a security key with ECDSA",
    `sk-ecdsa-sha2-nistp256@openssh.com ${blobOf("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", point, "ssh:work")}`,
  ],
] as const) {
  test(`${name} is taken, to the byte`, () => assert.equal(parseSshPublicKey(line), line));
}

test("the end of a file's line is no part of the key", () => {
  assert.equal(parseSshPublicKey(`${KEYS.ed25519}\r\n`), KEYS.ed25519);
});

for (const [name, text] of [
  ["nothing", ""],
  ["options", `command="reboot" ${KEYS.ed25519}`],
  ["an option without a value", `no-pty ${KEYS.ed25519}`],
  ["a certificate authority", `cert-authority ${KEYS.ed25519}`],
  ["two keys", `${KEYS.ed25519}\n${KEYS.rsa2048}`],
  ["a NUL", `${KEYS.ed25519}\0x`],
  ["a lone surrogate", `${KEYS.ed25519} \ud800`],
  ["another type before the blob", `ssh-rsa ${ED_BLOB}`],
  ["a type in upper case", `SSH-ED25519 ${ED_BLOB}`],
  ["DSA", `ssh-dss ${blobOf("ssh-dss", "p", "q", "g", "y")}`],
  [
    "a certificate",
    `ssh-ed25519-cert-v01@openssh.com ${blobOf("ssh-ed25519-cert-v01@openssh.com")}`,
  ],
  ["a key of 31 bytes", `ssh-ed25519 ${blobOf("ssh-ed25519", Buffer.alloc(31))}`],
  ["bytes behind the key", `ssh-ed25519 ${blobOf("ssh-ed25519", Buffer.alloc(32), "more")}`],
  ["a blob that was cut off", `ssh-ed25519 ${ED_BLOB.slice(0, -8)}`],
  ["padding that is missing", `ecdsa-sha2-nistp256 ${EC_BLOB.replace(/=+$/, "")}`],
  ["base64 of another alphabet", `ssh-ed25519 ${ED_BLOB.replace("A", "-")}`],
  ["RSA of 1016 bits", rsa(1016)],
  ["RSA of 16392 bits", rsa(16_392)],
  ["an even exponent", rsa(2048, Buffer.from([4]))],
  ["the exponent one", rsa(2048, Buffer.from([1]))],
  ["a negative modulus", `ssh-rsa ${blobOf("ssh-rsa", Buffer.from([3]), Buffer.alloc(256, 0xff))}`],
  [
    "a point that is not on its curve",
    `ecdsa-sha2-nistp256 ${blobOf("ecdsa-sha2-nistp256", "nistp256", Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]))}`,
  ],
  [
    "another curve inside",
    `ecdsa-sha2-nistp256 ${blobOf("ecdsa-sha2-nistp256", "nistp384", point)}`,
  ],
  ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----"],
  ["too long a line", `${KEYS.ed25519} ${"x".repeat(4096)}`],
] as const) {
  test(`${name} is no key`, () => assert.equal(parseSshPublicKey(text), undefined));
}

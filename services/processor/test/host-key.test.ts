/** A host key as it is written is the key that clients are told of. */
import assert from "node:assert/strict";
import { createPrivateKey, sign, verify } from "node:crypto";
import { test } from "node:test";
import { parseSshPublicKey } from "@airlock/contract";
import { makeHostKey } from "../src/access/host-key.ts";

/** The strings of a blob, as RFC 4251 §5 has them. */
function stringsOf(blob: Buffer): Buffer[] {
  const strings: Buffer[] = [];
  for (let at = 0; at + 4 <= blob.length; ) {
    const length = blob.readUInt32BE(at);
    strings.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return strings;
}

test("its private half signs what its public half verifies, and both are in OpenSSH's format", () => {
  for (let count = 0; count < 20; count++) {
    const { privateKey, publicKey } = makeHostKey();
    assert.equal(parseSshPublicKey(publicKey), publicKey);
    const lines = privateKey.trimEnd().split("\n");
    assert.equal(lines.at(0), "-----BEGIN OPENSSH PRIVATE KEY-----");
    assert.equal(lines.at(-1), "-----END OPENSSH PRIVATE KEY-----");
    assert.ok(lines.every((line) => line.length <= 70));
    const bytes = Buffer.from(lines.slice(1, -1).join(""), "base64");
    assert.equal(bytes.subarray(0, 15).toString(), "openssh-key-v1\0");
    const [cipher, kdf, options] = stringsOf(bytes.subarray(15));
    assert.deepEqual([cipher, kdf, options].map(String), ["none", "none", ""]);
    const [publicBlob, part] = stringsOf(bytes.subarray(15 + 8 + 8 + 4 + 4));
    assert.equal(publicBlob?.toString("base64"), publicKey.split(" ")[1]);
    assert.ok(part && part.length % 8 === 0);
    assert.deepEqual(part.subarray(0, 4), part.subarray(4, 8));
    const [type, point, both, comment] = stringsOf(part.subarray(8));
    assert.deepEqual([type, comment].map(String), ["ssh-ed25519", ""]);
    assert.ok(point && both);
    const jwk = { kty: "OKP", crv: "Ed25519" };
    const x = point.toString("base64url");
    const d = both.subarray(0, 32).toString("base64url");
    assert.deepEqual(both.subarray(32), point);
    const key = createPrivateKey({ key: { ...jwk, x, d }, format: "jwk" });
    const message = Buffer.from("hello");
    const signature = sign(null, message, key);
    assert.ok(verify(null, message, { key: { ...jwk, x }, format: "jwk" }, signature));
  }
});

test("no two are alike", () => {
  const keys = Array.from({ length: 20 }, () => makeHostKey().publicKey);
  assert.equal(new Set(keys).size, keys.length);
});

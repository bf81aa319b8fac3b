/** Logins and keys, as the OpenAPI documents show them. */
import { AT } from "./shared.ts";

export const LOGINS_EXAMPLES = {
  LoginChallenge: {
    challenge: "Y2hhbGxlbmdlLW1hZGUtYnktdGhlLXNlcnZlci0wMDE",
    expires_at: "2026-01-15T16:31:00.000Z",
    ttl_seconds: 60,
  },
  AwsLoginProof: {
    region: "eu-west-1",
    access_key_id: "ASIAIOSFODNN7EXAMPLE",
    date: "20260115T163000Z",
    signature: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    session_token: "EXAMPLESESSIONTOKEN",
    challenge: "Y2hhbGxlbmdlLW1hZGUtYnktdGhlLXNlcnZlci0wMDE",
  },
  RawAwsLogin: {
    aws_access_key_id: "ASIAIOSFODNN7EXAMPLE",
    aws_secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    aws_session_token:
      "EXAMPLExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
  },
  AwsLoginAnswer: {
    api_key: "gpud_Zk3vQ9aB...",
    key_prefix: "gpud_Zk3vQ9aB",
    user_id: 7,
    username: "alice-example.com",
    aws_arn: "arn:aws:sts::111122223333:assumed-role/Developer/alice@example.com",
    expires_at: "2026-01-16T00:30:00.000Z",
    ttl_hours: 8,
  },
  RotatedKey: {
    api_key: "gpud_Zk3vQ9aB...",
    key_prefix: "gpud_Zk3vQ9aB",
    user_id: 7,
    username: "alice-example.com",
    expires_at: "2026-01-16T00:30:00.000Z",
  },
  ApiKeys: {
    keys: [
      {
        key_prefix: "gpud_Zk3vQ9aB",
        description: null,
        created_at: AT,
        expires_at: "2026-01-16T00:30:00.000Z",
        last_used_at: "2026-01-15T17:02:00.000Z",
        current: true,
      },
    ],
    total: 1,
  },
  RevokedKey: { key_prefix: "gpud_Zk3vQ9aB", status: "revoked" },
  KeyCheck: { key_hash: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
};

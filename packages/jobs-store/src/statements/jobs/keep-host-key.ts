/** Writes down whom a client is to expect, before anything of it is in the cluster. */
import type { Queryable } from "../../queryable.ts";
import type { Sealed } from "../../sealed.ts";

export interface KeepHostKeyArgs {
  readonly reservationId: string;
  readonly lease: string;
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
  readonly privateKeySealed: Sealed;
}

const SQL = `
UPDATE reservations SET ssh_host_keys = ARRAY[$3::text], host_key_sealed = $4::jsonb
WHERE reservation_id = $1 AND lease_token = $2::uuid AND lease_until > now()
  AND host_key_sealed IS NULL`;

/** @returns false when the lease is over. */
export async function keepHostKey(db: Queryable, args: KeepHostKeyArgs): Promise<boolean> {
  const { reservationId, lease, publicKey, privateKeySealed } = args;
  const values = [reservationId, lease, publicKey, JSON.stringify(privateKeySealed)];
  return (await db.query(SQL, values)).rowCount === 1;
}

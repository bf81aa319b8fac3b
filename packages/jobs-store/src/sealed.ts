/** A value encrypted by a service: the database and its backups hold no key to it. */
export interface Sealed {
  /** Which of the service's keys opens it. */
  readonly key_id: string;
  /** Base64. */
  readonly nonce: string;
  /** Base64, authentication tag included. */
  readonly ciphertext: string;
}

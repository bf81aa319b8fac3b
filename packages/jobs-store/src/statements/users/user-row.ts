/** A person as AWS knows them. */
export interface UserRow {
  readonly user_id: number;
  readonly username: string;
  readonly email: string | null;
  /** False: an operator has shut them out. */
  readonly is_active: boolean;
}

/** What makes two logins the same person. */
export interface AwsIdentity {
  readonly account: string;
  readonly role: string;
  readonly sessionName: string;
}

export const USER_COLUMNS = "user_id, username, email, is_active";

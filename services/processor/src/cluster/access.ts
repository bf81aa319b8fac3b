/** Where the API server is and who asks it: read from files, and read again as they rotate. */

/** What a call needs, as the files say now. */
export interface Access {
  /** Origin and, behind proxies, a path: `https://10.0.0.1:443`, without a slash at its end. */
  readonly server: string;
  readonly tls: Tls;
  /** The value of the Authorization header; undefined where a certificate says who asks, or nobody has to. */
  readonly authorization: string | undefined;
}

/** PEM, all of them. */
export interface Tls {
  /** Undefined: the CAs of the system. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name in the server's certificate, where it is not the one that is dialled. */
  readonly servername?: string;
  /** Believes any certificate. */
  readonly isUnverified?: boolean;
}

/** Reads the files and the rest. @throws AccessError */
export type ReadAccess = (isRefused: boolean) => Promise<Access>;

/** Why there is no access; the message names files and members, never what is in them. */
export class AccessError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AccessError";
  }
}

export interface AccessKeeper {
  /** The access as it was read last, read again where that was a while ago. Fails only while it was never read. */
  current(): Promise<Access>;
  /** The server did not believe this one: read again now, whenever that was. */
  renew(refused: Access): Promise<Access>;
}

export interface AccessOptions {
  /** How old what was read may be; the kubelet renews a token at 80 % of its life of 10 minutes or more. */
  readonly maxAgeMs?: number;
  readonly now?: () => number;
  /** What cannot be read again is said once until it can; the last good access stays in use. */
  readonly onTrouble?: (error: AccessError) => void;
}

const MAX_AGE_MS = 5000;

export function keepAccess(read: ReadAccess, options: AccessOptions = {}): AccessKeeper {
  const { maxAgeMs = MAX_AGE_MS, now = () => performance.now(), onTrouble } = options;
  let last: Access | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let isTroubled = false;
  let reading: Promise<Access> | undefined;

  const readAgain = async (isRefused: boolean): Promise<Access> => {
    try {
      last = await read(isRefused);
      isTroubled = false;
      return last;
    } catch (error) {
      // in the middle of a swap a file may be missing: the old access is good for a while longer
      if (last === undefined) throw error;
      if (!isTroubled && error instanceof AccessError) onTrouble?.(error);
      isTroubled = true;
      return last;
    } finally {
      readAtMs = now();
    }
  };
  /** One reading at a time: whoever comes meanwhile waits for it. */
  const readOnce = (isRefused: boolean): Promise<Access> => {
    reading ??= readAgain(isRefused).finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return {
    async current() {
      return last !== undefined && now() - readAtMs < maxAgeMs ? last : readOnce(false);
    },
    async renew(refused) {
      // somebody else has renewed it meanwhile
      if (last !== refused && last !== undefined) return last;
      return readOnce(true);
    },
  };
}

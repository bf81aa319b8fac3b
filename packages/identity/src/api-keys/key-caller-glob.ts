/** Which globs of callers some owner of an API key can match: a rule about nobody is a fault of whoever wrote it. */

/** One character of the name, or as many as there are. */
interface Step {
  readonly of: RegExp;
  readonly repeats?: boolean;
}

const DIGIT: Step = { of: /[0-9]/ };
const COLON: Step = { of: /:/ };
const PART: Step = { of: /[A-Za-z0-9@._=,+%-]/, repeats: true };
/** `aws:<account>:<role>:<session>`, as keyCaller writes it. */
const KEY_CALLER: readonly Step[] = [
  ...[..."aws"].map((letter) => ({ of: new RegExp(letter) })),
  COLON,
  ...Array<Step>(12).fill(DIGIT),
  COLON,
  PART,
  COLON,
  PART,
];

/** Whether some API key's caller matches the glob, in which `*` stands for any characters. */
export function couldBeKeyCaller(glob: string): boolean {
  if (!isEncodedOnce(glob)) return false;
  // how many steps may be behind us: a star leads to every step that is not
  let reached = new Set([0]);
  for (const character of glob) {
    reached = character === "*" ? onwards(reached) : after(reached, character);
  }
  return reached.has(KEY_CALLER.length);
}

/** What is wrong with a glob that is to name owners of API keys, or undefined. */
export const keyCallerFault = (glob: string): string | undefined =>
  couldBeKeyCaller(glob) ? undefined : `no API key has the caller ${glob}; ${mended(glob)}`;

function onwards(reached: ReadonlySet<number>): Set<number> {
  const first = Math.min(...reached);
  return new Set([...KEY_CALLER.keys(), KEY_CALLER.length].filter((step) => step >= first));
}

function after(reached: ReadonlySet<number>, character: string): Set<number> {
  const next = new Set<number>();
  for (const done of reached) {
    if (KEY_CALLER[done]?.of.test(character)) next.add(done + 1);
    const last = KEY_CALLER[done - 1];
    if (last?.repeats && last.of.test(character)) next.add(done);
  }
  return next;
}

/** Whether percent signs encode what may not stand by itself: there is one spelling of each name. */
function isEncodedOnce(glob: string): boolean {
  return [...glob.matchAll(/%(.?.?)/gs)].every(([, digits = ""]) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return /^[0-9A-F]{2}$/.test(digits) && !/^[A-Za-z0-9@._=,+-]$/.test(character);
  });
}

const SESSION_ARN = /^arn:aws[\w-]*:sts::(\d{12}|\*):assumed-role\/([^/]+)\/([^/]+)$/;
const ROLE_ARN = /^arn:aws[\w-]*:iam::(\d{12}|\*):role\/(?:.*\/)?([^/]+)$/;

/** The rest of the sentence: what to write instead. */
function mended(glob: string): string {
  const [, account, role, session = "*"] = SESSION_ARN.exec(glob) ?? ROLE_ARN.exec(glob) ?? [];
  if (account && role) return `write aws:${account}:${role}:${session}`;
  if (glob === "anonymous") return "everybody is asked for one, so leave it out";
  return "write aws:<account>:<role>:<session>, the session's name as AWS has it, such as aws:111122223333:Developer:alice@example.com";
}

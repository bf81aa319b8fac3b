/** From an answer that is no success to what it means: a ClusterError with a sentence that holds nothing of what was sent. */
import type { Kind } from "./cluster.ts";
import { ClusterError, type FailureKind } from "./cluster-error.ts";
import { describeInvalid } from "./invalid.ts";
import { describeKind } from "./kinds.ts";
import type { Cause, StatusWords } from "./status-words.ts";

/** The call that was answered, as sentences need it. */
export interface Subject {
  readonly verb: Verb;
  readonly kind: Kind;
  readonly name?: string | undefined;
  readonly namespace: string;
}

export type Verb = "create" | "get" | "list" | "watch" | "replace" | "patch" | "remove" | "log";

const CHANGES: readonly Verb[] = ["create", "replace", "patch", "remove"];

export const isChange = ({ verb }: Subject): boolean => CHANGES.includes(verb);

/** @param retryAfter the header of this name. */
export function refusal(subject: Subject, words: StatusWords, retryAfter?: string): ClusterError {
  const kind = classify(subject, words);
  const seconds = Number(retryAfter ?? Number.NaN) || words.details.retryAfterSeconds;
  return new ClusterError(kind, SENTENCES[kind](subject, words), {
    status: words.code,
    retryAfterMs: seconds > 0 ? seconds * 1000 : undefined,
  });
}

/** What webhooks say stands behind these words, whatever status they chose. */
const BY_WEBHOOK = /^admission webhook ".*" denied the request/s;

function classify(subject: Subject, { code, reason, message, details }: StatusWords): FailureKind {
  if (code >= 400 && code < 500 && BY_WEBHOOK.test(message)) return "admission_denied";
  switch (code) {
    case 400:
      return subject.verb === "log" && NOT_STARTED.test(message) ? "not_started" : "invalid";
    case 401:
      return "unauthorized";
    case 403:
      return classifyForbidden(message, details.causes);
    case 404:
      // of the node, which has not heard of the pod yet
      return details.kind === "pods/log" ? "not_started" : "not_found";
    case 409:
      if (reason !== "AlreadyExists") return classifyConflict(details.kind);
      return message.startsWith("object is being deleted") ? "being_deleted" : "already_exists";
    case 410:
      return "gone";
    case 413:
      return "too_large";
    case 422:
      // a patch of an object that has gone, where another one has its name now
      return details.causes.some(({ field }) => field === "metadata.uid") ? "conflict" : "invalid";
    case 429:
      return "throttled";
    case 503:
      return "unavailable";
    default:
      if (code < 500) return "invalid";
      // admission comes before anything is stored
      if (/failed calling webhook|evaluation timed out/.test(message)) return "unavailable";
      return isChange(subject) ? "outcome_unknown" : "unavailable";
  }
}

const NOT_STARTED =
  /is waiting to start|is not available|trying and failing to pull|previous terminated container/;

/** Several creations at once count for one quota, and its object was changed meanwhile: nothing was created. */
const classifyConflict = (kind: string): FailureKind =>
  kind === "resourcequotas" ? "throttled" : "conflict";

function classifyForbidden(message: string, causes: readonly Cause[]): FailureKind {
  if (/exceeded quota/.test(message)) return "quota_exceeded";
  // nobody has counted yet what is there: the quota, or the kind, is new
  if (/status unknown for quota/.test(message)) return "unavailable";
  const isTerminating = causes.some((cause) => cause.reason === "NamespaceTerminating");
  if (isTerminating || /because it is being terminated/.test(message)) {
    return "namespace_terminating";
  }
  // RBAC's own words; without words it was no API server that answered
  if (message === "" || / cannot \S+ (resource|path) /.test(message)) return "forbidden";
  return "admission_denied";
}

type Sentence = (subject: Subject, words: StatusWords) => string;

/** Such as `Pod x`. */
export const what = ({ kind, name }: Subject): string =>
  name === undefined ? `${describeKind(kind)} objects` : `${describeKind(kind)} ${name}`;

const SENTENCES: Readonly<Record<FailureKind, Sentence>> = {
  already_exists: (subject) => `There is a ${what(subject)} already.`,
  being_deleted: (subject) => `An older ${what(subject)} is still being deleted.`,
  conflict: (subject) => `The ${what(subject)} is another one by now, or was changed meanwhile.`,
  not_found: (subject, { reason }) => {
    if (subject.verb !== "create") return `There is no ${what(subject)}.`;
    // a path that the server does not know is answered without a Status
    if (subject.kind === "volumesnapshots" && reason === "") {
      return "The cluster knows no snapshots: its API snapshot.storage.k8s.io/v1 is not installed.";
    }
    return `The namespace ${subject.namespace} does not exist.`;
  },
  gone: (subject) => `The API server no longer knows that version of the ${what(subject)}.`,
  throttled: () => "The API server has too much to do.",
  quota_exceeded: ({ namespace }, { message }) =>
    `The quota of the namespace ${namespace} is used up: ${wordsFrom(message, "exceeded quota: ")}.`,
  namespace_terminating: ({ namespace }) => `The namespace ${namespace} is being deleted.`,
  admission_denied: (subject, { message }) =>
    subject.kind === "secrets"
      ? `The cluster's policy refuses the ${what(subject)}.`
      : `The cluster's policy refuses the ${what(subject)}: ${wordsFrom(message, "is forbidden: ")}`,
  forbidden: (subject) =>
    `The processor has no right to ${subject.verb} ${subject.kind} in the cluster (namespace ${subject.namespace}).`,
  unauthorized: () => "The API server does not believe the processor's credentials.",
  invalid: (subject, words) =>
    `The cluster does not accept the ${what(subject)}: ${describeInvalid(subject.kind, words)}.`,
  not_started: (subject) => `The ${what(subject)} has not begun yet, so it has no log.`,
  port_closed: (subject) => `Nothing listens on that port of the ${what(subject)}.`,
  too_large: (subject) => `The ${what(subject)} is larger than the API server takes.`,
  unavailable: (_subject, { code }) => `The API server cannot answer now (${code}).`,
  outcome_unknown: (subject, { code }) =>
    `The API server failed while it was asked to ${subject.verb} the ${what(subject)} (${code}): whether it did is not known.`,
};

const WORDS_LENGTH = 500;

/** The words behind these, on one line and not too many. */
function wordsFrom(message: string, after: string): string {
  const at = message.indexOf(after);
  const words = message.slice(at < 0 ? 0 : at + after.length).replaceAll(/\s+/g, " ");
  return words.length > WORDS_LENGTH ? `${words.slice(0, WORDS_LENGTH)}…` : words;
}

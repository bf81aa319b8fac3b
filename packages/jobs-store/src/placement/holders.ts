/** Who has the node on which there is room for a job soonest, and until when. */
import { shortId } from "./by-disks.ts";
import { type Booked, type PlacementQuestion, soonestFor } from "./place.ts";

const SHOWN = 3;

/** A sentence and a space behind it; nothing where no node could hold it, or nobody is on it. */
export function holdersOf(question: PlacementQuestion, gpus: number, heldFor?: string): string {
  const soonest = soonestFor(question, gpus, heldFor) ?? soonestFor(question, gpus);
  if (!soonest) return "";
  const { node, booked } = soonest;
  const inTime = booked.toSorted((a, b) => (a.endsAtMs < b.endsAtMs ? -1 : 1));
  const told = inTime.slice(0, SHOWN).map(holderOf);
  const more = inTime.length - SHOWN;
  if (more > 0) told.push(`${more} more ${more === 1 ? "job has" : "jobs have"} their part`);
  if (node.foreign.gpus > 0) told.push(`pods that are no jobs have ${node.foreign.gpus}`);
  return told.length === 0 ? "" : `On ${node.name}, ${told.join(", ")}. `;
}

function holderOf({ holder, amount, endsAtMs }: Booked): string {
  const has = amount.gpus > 0 ? `has ${amount.gpus}` : "has a place";
  if (holder === undefined) return `a pod that nobody booked ${has}`;
  const until = Number.isFinite(endsAtMs) ? ` until ${timeOf(endsAtMs)}` : "";
  return `${holder.username}'s job ${shortId(holder.jobId)} ${has}${until}`;
}

export const sentenceOf = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export const timeOf = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

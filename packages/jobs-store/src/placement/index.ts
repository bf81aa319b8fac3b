/** Who starts where: pure, for the processor that books and for whoever tells what is free. */
export { type Amount, shareOf } from "./amounts.ts";
export { type Availability, availabilityOf } from "./availability.ts";
export { byDisks, type DiskWish, diskIsTaken } from "./by-disks.ts";
export {
  type Booked,
  type Placed,
  type Placement,
  type PlacementNode,
  type PlacementQuestion,
  place,
  type WaitingJob,
  type Waits,
} from "./place.ts";
export { amountOfRow, questionOf, type Unbooked, unbookedOn } from "./question.ts";
export { type WaitContext, whyItWaits } from "./why-it-waits.ts";

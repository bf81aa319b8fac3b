/** Who starts where, and what becomes of the others: pure, for the processor that books and for whoever tells. */
export { type Amount, shareOf } from "./amounts.ts";
export { type Availability, availabilityOf } from "./availability.ts";
export { byDisks, type DiskWish, diskIsTaken, shortId } from "./by-disks.ts";
export {
  type Arrival,
  FORECAST_JOBS,
  type ForecastQuestion,
  forecast,
  type Start,
} from "./forecast.ts";
export { timeOf } from "./holders.ts";
export { type InLine, inOrder, type OrderRules } from "./order.ts";
export {
  type Allowance,
  type Booked,
  type Placed,
  type Placement,
  type PlacementNode,
  type PlacementQuestion,
  place,
  type WaitingJob,
  type Waits,
} from "./place.ts";
export { amountOfRow, type Unbooked, unbookedOn } from "./question.ts";
export type { Reason, WaitCode } from "./reason-codes.ts";
export { type RunLengths, ratioAt, runLengthsOf } from "./run-lengths.ts";
export { type History, startsOf } from "./starts.ts";
export { type Told, type ToldCode, toldOf } from "./told-words.ts";
export { type Outlook, type TypeView, viewOf } from "./view.ts";

// A limit that several operations of SSM share: a token bucket holding one second's worth of calls.
// https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm (40 transactions per second by default)

export class SharedRate {
  private readonly perSecond: number;
  private tokens: number;
  private filledAtMs: number | undefined;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
    this.tokens = perSecond;
  }

  /** Takes one token; false when the bucket is empty. */
  take(nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - (this.filledAtMs ?? nowMs));
    this.tokens = Math.min(this.perSecond, this.tokens + (elapsedMs / 1000) * this.perSecond);
    this.filledAtMs = nowMs;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}

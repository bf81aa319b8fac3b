/** Runs before a service that the check starts: makes its route and its clock what `placedEnv` says. */
import tls from "node:tls";

const [issuer, at] = (process.env.AIRLOCK_CHECK_ROUTE ?? "").split(" ");
if (issuer && at) routeTls(new URL(issuer), new URL(at));
const aheadSeconds = Number(process.env.AIRLOCK_CHECK_AHEAD_SECONDS ?? 0);
if (aheadSeconds > 0) setClockAhead(aheadSeconds * 1000);

function routeTls(from: URL, to: URL): void {
  const connect = tls.connect;
  tls.connect = ((options: tls.ConnectionOptions, ...rest: []) => {
    const isMeant =
      options.host === from.hostname && Number(options.port) === Number(from.port || 443);
    const place = { host: to.hostname, port: Number(to.port || 443) };
    return connect(isMeant ? { ...options, ...place } : options, ...rest);
  }) as typeof tls.connect;
}

function setClockAhead(aheadMs: number): void {
  const now = Date.now;
  Date.now = () => now() + aheadMs;
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [Date.now()] : args, newTarget),
  });
}

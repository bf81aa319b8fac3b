/** Preloaded into a service by a test: tells, when asked over IPC, which metrics it has registered. */
import { createRequire } from "node:module";

export interface MadeMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

interface Metric {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly help: string;
  /** Those of prom-client tell it by their class. */
  readonly type?: string;
}

// the very module that packages/http has, for its classes are shared with the service
const { Registry } = createRequire(new URL("../../packages/http/package.json", import.meta.url))(
  "prom-client",
) as { Registry: { prototype: { registerMetric(metric: Metric): void } } };

const made: MadeMetric[] = [];
const { registerMetric } = Registry.prototype;
Registry.prototype.registerMetric = function register(metric) {
  const { name, labelNames: labels, help, type = metric.constructor.name.toLowerCase() } = metric;
  made.push({ name, type, labels, help });
  registerMetric.call(this, metric);
};
process.on("message", () => process.send?.(made));

/** A histogram that costs a request next to nothing: numbers, which become prom-client's form when they are read. */
import type { Metric, Registry } from "prom-client";

export interface LatencyOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Upper bounds in seconds, in rising order. */
  readonly buckets: readonly number[];
  readonly registry: Registry;
}

/** What is observed under one set of labels. */
export interface Series {
  observe(seconds: number): void;
}

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * As prom-client's own Histogram in all that is shown. That one hashes its labels with every sample,
 * which takes as long as a tenth of a request.
 */
export class Latency {
  readonly #options: LatencyOptions;
  /** By the values of the labels, one level of maps for each of them. */
  readonly #series = new Map<string, Counts>();

  constructor(options: LatencyOptions) {
    this.#options = options;
    const { name, help, labelNames, registry } = options;
    const metric = {
      name,
      help,
      labelNames,
      type: "histogram",
      aggregator: "sum",
      get: async () => ({
        name,
        help,
        type: "histogram",
        aggregator: "sum",
        values: this.#values(),
      }),
      reset: () => this.#series.clear(),
    };
    registry.registerMetric(metric as unknown as Metric);
  }

  /** @param values of the labels, in the order of their names. Made once, shown once it has a sample. */
  of(...values: readonly string[]): Series {
    const key = values.join("\n"); // in no label of ours
    let series = this.#series.get(key);
    if (series === undefined) {
      const { labelNames, buckets } = this.#options;
      const labels = Object.fromEntries(
        labelNames.map((name, index) => [name, values[index] ?? ""]),
      );
      series = new Counts(labels, buckets);
      this.#series.set(key, series);
    }
    return series;
  }

  #values(): Value[] {
    return [...this.#series.values()].flatMap((series) => series.values(this.#options.name));
  }
}

class Counts implements Series {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #bounds: readonly number[];
  /** Samples within each bound but not within the one before; the last is beyond all. */
  readonly #counts: number[];
  #sum = 0;

  constructor(labels: Readonly<Record<string, string>>, bounds: readonly number[]) {
    this.#labels = labels;
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(seconds: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] ?? 0)) index++;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += seconds;
  }

  values(name: string): Value[] {
    let count = 0;
    const buckets = this.#counts.map((samples, index) => {
      count += samples;
      const labels = { le: this.#bounds[index] ?? "+Inf", ...this.#labels };
      return { metricName: `${name}_bucket`, labels, value: count };
    });
    if (count === 0) return [];
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: this.#labels, value: this.#sum },
      { metricName: `${name}_count`, labels: this.#labels, value: count },
    ];
  }
}

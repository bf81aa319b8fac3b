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

type Level = Map<string, Level | Counts>;

/**
 * As prom-client's own Histogram in all that is shown. That one hashes its labels with every sample,
 * which takes as long as a tenth of a request.
 */
export class Latency {
  readonly #options: LatencyOptions;
  /** By the values of the labels, one level of maps for each: to put them together for a key takes longer. */
  readonly #levels: Level = new Map();
  readonly #series: Counts[] = [];

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
      reset: () => {
        this.#levels.clear();
        this.#series.length = 0;
      },
    };
    registry.registerMetric(metric as unknown as Metric);
  }

  /** @param values of the labels, in the order of their names. Made once, shown once it has a sample. */
  of(...values: readonly string[]): Series {
    let found: Level | Counts | undefined = this.#levels;
    for (const value of values) found = found instanceof Map ? found.get(value) : undefined;
    return found instanceof Counts ? found : this.#make(values);
  }

  #make(values: readonly string[]): Series {
    const { labelNames, buckets } = this.#options;
    const labels = Object.fromEntries(labelNames.map((name, index) => [name, values[index] ?? ""]));
    const series = new Counts(labels, buckets);
    let level = this.#levels;
    for (const value of values.slice(0, -1)) {
      const next = level.get(value);
      const below: Level = next instanceof Map ? next : new Map();
      level.set(value, below);
      level = below;
    }
    level.set(values.at(-1) ?? "", series);
    this.#series.push(series);
    return series;
  }

  #values(): Value[] {
    return this.#series.flatMap((series) => series.values(this.#options.name));
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

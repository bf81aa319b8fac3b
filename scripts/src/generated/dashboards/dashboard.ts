/** A Grafana dashboard of one service, from what its panels show. */

export interface Query {
  /** `$of` stands for the labels that select the service and the pods that were chosen. */
  readonly expr: string;
  /** As Grafana writes it: `{{route}}`. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** Of Grafana: reqps, s, bytes, percentunit, short. */
  readonly unit: "reqps" | "ops" | "s" | "bytes" | "percentunit" | "short";
  readonly queries: readonly Query[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Service {
  /** As the scrape has it. */
  readonly job: string;
  readonly namespace: string;
}

const PER_ROW = 3;
const WIDTH = 24 / PER_ROW;
const HEIGHT = 8;
const SCHEMA_VERSION = 39;
const DATA_SOURCE = { type: "prometheus", uid: "$datasource" };

/** @returns what Grafana imports, of whatever Prometheus is chosen there. */
export function dashboardOf(service: Service, rows: readonly Row[]): object {
  const { job } = service;
  const panels: object[] = [];
  let y = 0;
  for (const { title, panels: inRow } of rows) {
    panels.push({
      type: "row",
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: 24, h: 1 },
    });
    y += 1;
    for (const [index, panel] of inRow.entries()) {
      const x = (index % PER_ROW) * WIDTH;
      const top = y + Math.floor(index / PER_ROW) * HEIGHT;
      panels.push(panelOf(service, panel, { x, y: top, w: WIDTH, h: HEIGHT }));
    }
    y += Math.ceil(inRow.length / PER_ROW) * HEIGHT;
  }
  return {
    uid: `airlock-${job}`,
    title: `Airlock ${job}`,
    tags: ["airlock"],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: { list: [dataSource(), pods(service)] },
    panels: panels.map((panel, index) => ({ id: index + 1, ...panel })),
  };
}

const dataSource = () => ({
  name: "datasource",
  label: "Prometheus",
  type: "datasource",
  query: "prometheus",
});

const pods = ({ job, namespace }: Service) => ({
  name: "pod",
  label: "Pod",
  type: "query",
  datasource: DATA_SOURCE,
  query: `label_values(airlock_build_info{job="${job}",namespace="${namespace}"}, pod)`,
  refresh: 2,
  multi: true,
  includeAll: true,
  allValue: ".*",
});

function panelOf({ job, namespace }: Service, panel: Panel, gridPos: object): object {
  const of = `job="${job}",namespace="${namespace}",pod=~"$pod"`;
  return {
    type: "timeseries",
    title: panel.title,
    datasource: DATA_SOURCE,
    gridPos,
    fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATA_SOURCE,
      expr: expr.replaceAll("$of", of),
      legendFormat: legend,
    })),
  };
}

/** A counter's rate, by labels. @param more matchers, each with its comma in front. */
export const rateBy = (metric: string, by: string, more = ""): Query => ({
  expr: `sum by (${by}) (rate(${metric}{$of${more}}[$__rate_interval]))`,
  legend: legendOf(by),
});

/** A quantile of a histogram, by labels. */
export const quantileBy = (quantile: number, metric: string, by: string, more = ""): Query => ({
  expr: `histogram_quantile(${quantile}, sum by (le, ${by}) (rate(${metric}_bucket{$of${more}}[$__rate_interval])))`,
  legend: `p${quantile * 100} ${legendOf(by)}`,
});

/** A gauge that each pod has of its own. */
export const sumBy = (metric: string, by: string): Query => ({
  expr: `sum by (${by}) (${metric}{$of})`,
  legend: legendOf(by),
});

/** A gauge that all pods tell alike, or whose worst counts. */
export const maxBy = (metric: string, by: string): Query => ({
  expr: `max by (${by}) (${metric}{$of})`,
  legend: legendOf(by),
});

/** A gauge that each pod has of its own, and whose best counts. */
export const minBy = (metric: string, by: string): Query => ({
  expr: `min by (${by}) (${metric}{$of})`,
  legend: legendOf(by),
});

const legendOf = (by: string): string =>
  by
    .split(", ")
    .map((label) => `{{${label}}}`)
    .join(" ");

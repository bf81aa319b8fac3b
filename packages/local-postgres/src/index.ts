/** A real Postgres for laptops and tests, from the binaries of an npm package. */
export { postgresFolder } from "./folders.ts";
export type { StopMode } from "./server-process.ts";
export { type LocalPostgres, type PostgresOptions, startPostgres } from "./start-postgres.ts";
export { startTestCluster, type TestCluster, type TestClusterOptions } from "./test-cluster.ts";

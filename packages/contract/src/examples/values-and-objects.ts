/** Parameters and objects, as the OpenAPI documents show them. */
import { AT } from "./shared.ts";

const parameter = {
  name: "/airlock/dev/database/host",
  value: "db.example.com",
  type: "String",
  version: 3,
  last_modified: AT,
};
const object = {
  key: "reports/2026.pdf",
  size: 48213,
  etag: '"9b2cf535f27731c974343645a3985328"',
  last_modified: AT,
  storage_class: "STANDARD",
};
const version = {
  version: "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
  latest: true,
  deleted: false,
  last_modified: AT,
  size: 48213,
  etag: '"9b2cf535f27731c974343645a3985328"',
};

export const VALUES_AND_OBJECTS_EXAMPLES = {
  BatchRequest: { names: ["/airlock/dev/database/host", "/airlock/dev/database/port"] },
  Parameters: {
    count: 1,
    parameters: [{ name: "/airlock/dev/database/host", type: "String", last_modified: AT }],
  },
  Parameter: parameter,
  ParameterTree: {
    path: "/airlock/dev/database",
    recursive: false,
    count: 1,
    parameters: [parameter],
    failed: [],
  },
  ParameterBatch: {
    parameters: [parameter],
    missing: ["/airlock/dev/database/port"],
    denied: [],
    failed: [],
  },
  Buckets: {
    count: 1,
    buckets: [{ name: "example-reports", creation_date: AT, region: "eu-west-1" }],
  },
  StoredObject: object,
  ObjectVersion: version,
  ObjectVersions: { key: "reports/2026.pdf", versions: [version], next_cursor: null },
  ObjectList: { objects: [object], prefixes: ["reports/old/"], next_cursor: null },
  Presigned: {
    url: "https://example-reports.s3.eu-west-1.amazonaws.com/reports/2026.pdf?X-Amz-Signature=...",
    method: "GET",
    expires_at: "2026-01-15T16:45:00.000Z",
  },
};

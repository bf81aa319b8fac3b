/** The configuration of a Swift of one disk, one replica and one process a service, with S3's API in front. */

export const SWIFT_USER = { account: "test", name: "tester", key: "testing" } as const;
export const SWIFT_STORES = ["account", "container", "object"] as const;
export type SwiftStore = (typeof SWIFT_STORES)[number];

export interface SwiftPlace {
  readonly folder: string;
  readonly region: string;
  /** The account of this machine that it runs as. */
  readonly user: string;
}

/** In the folder, for otherwise the one of the machine counts. */
export const SWIFT_CONF = `[swift-hash]
swift_hash_path_prefix = airlock
swift_hash_path_suffix = check
[storage-policy:0]
name = one
default = yes
`;

const process = ({ folder, user }: SwiftPlace, port: number) => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${user}
swift_dir = ${folder}
`;

export const storeConf = (place: SwiftPlace, store: SwiftStore, port: number) =>
  `${process(place, port)}devices = ${place.folder}/disks
mount_check = false
[pipeline:main]
pipeline = ${store}-server
[app:${store}-server]
use = egg:swift#${store}
recon_cache_path = ${place.folder}
`;

/** In the order that s3api wants. */
const FILTERS: Readonly<Record<string, string>> = {
  catch_errors: "",
  gatekeeper: "",
  // tempauth refuses to be without; nobody is there, and it goes on
  cache: "memcache_servers = 127.0.0.1:1\n",
  listing_formats: "",
  s3api: "",
  tempauth: `user_${SWIFT_USER.account}_${SWIFT_USER.name} = ${SWIFT_USER.key} .admin\n`,
  copy: "",
  bulk: "",
  slo: "",
  dlo: "",
  versioned_writes: "allow_object_versioning = true\n",
  symlink: "",
};

export function proxyConf(place: SwiftPlace, port: number): string {
  const own = { ...FILTERS, s3api: `location = ${place.region}\n` };
  const filters = Object.entries(own).map(
    ([name, more]) =>
      `[filter:${name}]\nuse = egg:swift#${name === "cache" ? "memcache" : name}\n${more}`,
  );
  return `${process(place, port)}[pipeline:main]
pipeline = ${Object.keys(own).join(" ")} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
${filters.join("")}`;
}

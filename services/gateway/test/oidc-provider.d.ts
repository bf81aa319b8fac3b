/** The part of npm's `oidc-provider` that the tests use; the package comes without types. */
declare module "oidc-provider" {
  import type { RequestListener } from "node:http";

  export interface ResourceServer {
    readonly audience: string;
    readonly scope: string;
    readonly accessTokenFormat: "jwt";
    readonly accessTokenTTL: number;
    readonly jwt: { readonly sign: { readonly alg: string } };
  }
  export interface Configuration {
    readonly clients: readonly Readonly<Record<string, unknown>>[];
    readonly adapter: (name: string) => {
      upsert(): Promise<void>;
      find(): Promise<undefined>;
    };
    readonly ttl: Readonly<Record<string, number>>;
    readonly jwks: { readonly keys: readonly object[] };
    readonly features: {
      readonly clientCredentials: { readonly enabled: boolean };
      readonly devInteractions: { readonly enabled: boolean };
      readonly resourceIndicators: {
        readonly enabled: boolean;
        readonly getResourceServerInfo: (
          context: unknown,
          resource: string,
          client: { readonly clientId: string },
        ) => ResourceServer;
      };
    };
  }
  export class Provider {
    constructor(issuer: string, configuration: Configuration);
    callback(): RequestListener;
  }
}

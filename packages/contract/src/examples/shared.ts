/** What several examples name. */
export const AT = "2026-01-15T16:30:00.000Z";
export const JOB_ID = "3f2a91bc-0d1e-4f6a-9b7c-5d8e2f1a4b60";
export const POD_NAME = "gpu-dev-3f2a91bc-0123456789abcdef";

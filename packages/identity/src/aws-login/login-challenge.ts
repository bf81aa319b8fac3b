/** The challenge that a login signs, so that nobody who saw one login can repeat it. */
import { hash, randomBytes } from "node:crypto";

/** 32 random bytes in base64url. */
export const CHALLENGE_PATTERN = /^[A-Za-z0-9_-]{43}$/;

export const newChallenge = (): string => randomBytes(32).toString("base64url");

/** What is stored of a challenge: SHA-256, 64 hex digits. */
export const hashChallenge = (challenge: string): string => hash("sha256", challenge, "hex");

/** Plays Jupyter in a pod: there while the switch is, for who has the token, and says that it is not the real one. */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";

/** As the tools of a box have it: a file with the token in it. */
export const SWITCH = "jupyter_token";
const PORT = 8888;

export interface PlayedJupyterOptions {
  readonly pod: string;
  readonly address: string;
  /** It cannot listen. */
  readonly onTrouble: (message: string) => void;
}

export class PlayedJupyter {
  readonly #options: PlayedJupyterOptions;
  #server: Server | undefined;
  #token: string | undefined;

  constructor(options: PlayedJupyterOptions) {
    this.#options = options;
  }

  /** @param token undefined: the switch is not there. */
  turn(token: string | undefined): void {
    this.#token = token;
    if (token === undefined) this.close();
    else if (this.#server === undefined) this.#listen();
  }

  #listen(): void {
    const { address, onTrouble } = this.#options;
    const server = createServer((request, response) => {
      const isKnown = this.#isKnown(request);
      response.writeHead(isKnown ? 200 : 403, { "content-type": "text/plain; charset=utf-8" });
      response.end(
        isKnown ? this.#words() : "Invalid credentials: the token is missing or wrong.\n",
      );
    });
    server.on("error", (error) => {
      onTrouble(`Jupyter cannot be played: ${error.message}`);
      this.close();
    });
    server.listen(PORT, address).unref();
    this.#server = server;
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#server = undefined;
  }

  #words(): string {
    return `This is not Jupyter: local-kubernetes plays it for the pod ${this.#options.pod}, where it is on.\n`;
  }

  /** As Jupyter takes it: in the query or as `Authorization: token …`. */
  #isKnown({ url = "", headers }: IncomingMessage): boolean {
    const [, query = ""] = url.split("?");
    const [, shown] = /^token (\S+)$/i.exec(headers.authorization ?? "") ?? [];
    const given = shown ?? new URLSearchParams(query).get("token") ?? "";
    return timingSafeEqual(digestOf(given), digestOf(this.#token ?? ""));
  }
}

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * What listens in a pod, as a process: the first line of each connection says what is done with it.
 * Started with the address and port to listen on; prints the port.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";

type Deed = (socket: Socket, count: number, first: Buffer) => void;

const BLOCK = Buffer.alloc(65_536, "x");
const open = new Set<Socket>();
/** Bytes that were written to those who are given some, and still are connected. */
const given = new Map<Socket, number>();

const DEEDS: Readonly<Record<string, Deed>> = {
  /** Answers `ok` when it has so many bytes. */
  take(socket, count, first) {
    let left = count - first.length;
    socket.on("data", (part: Buffer) => {
      left -= part.length;
      if (left === 0) socket.write("ok");
    });
  },
  /** Sends so many bytes. */
  give(socket, count) {
    let left = count;
    const write = () => {
      while (left > 0) {
        const part = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK;
        left -= part.length;
        given.set(socket, count - left);
        if (!socket.write(part)) return;
      }
    };
    socket.on("drain", write);
    write();
  },
  echo(socket, _count, first) {
    socket.write(first);
    socket.pipe(socket);
  },
  /** Reads nothing more, and so cannot learn of its end: it is not counted. */
  hold(socket) {
    socket.pause();
    open.delete(socket);
  },
  /** Tells how many others are connected, and what they were given. */
  tell(socket) {
    const sum = [...given.values()].reduce((all, one) => all + one, 0);
    socket.end(`${open.size - 1} ${sum}`);
  },
};

const server = createServer({ noDelay: true }, (socket) => {
  open.add(socket);
  socket.on("error", () => {}); // "close" follows
  socket.once("close", () => {
    open.delete(socket);
    given.delete(socket);
  });
  socket.once("data", (part: Buffer) => {
    const end = part.indexOf("\n");
    const [word = "", count] = part.toString("latin1", 0, end).split(" ");
    DEEDS[word]?.(socket, Number(count), part.subarray(end + 1));
  });
});
const [host = "", port] = process.argv.slice(2);
server.listen(Number(port), host, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

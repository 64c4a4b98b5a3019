// An echoing `ws` server on a free loopback port, which it prints; pings on connect, and closes
// with 4003 when it is told "close me". Ends with its standard input.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: { threshold: 0 },
});
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket) => {
  socket.ping("from node");
  socket.on("message", (data, isBinary) => {
    if (data.toString() === "close me") socket.close(4003, "as you wish");
    else socket.send(data, { binary: isBinary });
  });
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

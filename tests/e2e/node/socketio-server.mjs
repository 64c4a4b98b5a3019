// A Socket.IO server on a free loopback port, which it prints. Ends with its standard input.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["polling", "websocket"] });
io.on("connection", (socket) => {
  socket.on("add", ({ a, b }, answer) => answer(a + b));
  socket.on("subscribe", (topic) => {
    for (const n of [1, 2, 3]) socket.emit("news", `${topic} ${n}`);
  });
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

// A plain relay on ws, message by message, with back-pressure: node relay.js PORT SERVER_PORT
const { WebSocket, WebSocketServer } = require("ws");

const [port, serverPort] = process.argv.slice(2).map(Number);
const HIGH_WATER_BYTES = 1 << 20;

function forward(from, to) {
  from.on("message", (data, isBinary) => {
    to.send(data, { binary: isBinary, compress: false }, () => {
      if (from.isPaused && to.bufferedAmount < HIGH_WATER_BYTES / 2) from.resume();
    });
    if (to.bufferedAmount > HIGH_WATER_BYTES) from.pause();
  });
  from.on("close", () => to.close());
  from.on("error", () => to.terminate());
}

new WebSocketServer({ host: "127.0.0.1", port, maxPayload: 0 }).on("connection", (client, request) => {
  client.pause();
  const server = new WebSocket(`ws://127.0.0.1:${serverPort}${request.url}`, { maxPayload: 0 });
  server.on("open", () => client.resume());
  forward(client, server);
  forward(server, client);
});
process.on("SIGTERM", () => process.exit(0));

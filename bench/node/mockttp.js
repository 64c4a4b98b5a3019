// mockttp as a plain forwarder: node mockttp.js PORT SERVER_PORT
const mockttp = require("mockttp");

const [port, serverPort] = process.argv.slice(2).map(Number);
const server = mockttp.getLocal({ recordTraffic: false });

server.start(port)
  .then(() => server.forAnyWebSocket().thenForwardTo(`ws://127.0.0.1:${serverPort}`))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
process.on("SIGTERM", () => process.exit(0));

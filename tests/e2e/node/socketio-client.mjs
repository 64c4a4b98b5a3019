// A Socket.IO client: node socketio-client.mjs SERVER_URL [PROXY_URL]
// Starts with polling and upgrades to WebSocket, as browsers do; prints what it saw as JSON.
import { HttpsProxyAgent } from "https-proxy-agent";
import { io } from "socket.io-client";

const [url, proxy] = process.argv.slice(2);
const socket = io(url, {
  transports: ["polling", "websocket"],
  agent: proxy ? new HttpsProxyAgent(proxy) : undefined,
  reconnection: false,
});
const seen = { news: [] };
const play = async () => {
  seen.transport = socket.io.engine.transport.name;
  seen.answer = await socket.emitWithAck("add", { a: 2, b: 40 });
  seen.bytes = (await socket.emitWithAck("reverse", Buffer.from([1, 2, 3]))).toString("hex");
  socket.emit("subscribe", "weather");
};
socket.on("connect", () => {
  const engine = socket.io.engine;
  if (engine.transport.name === "websocket") play();
  else engine.once("upgrade", play);
});
socket.on("news", (text) => {
  seen.news.push(text);
  if (seen.news.length === 3) {
    socket.disconnect();
    console.log(JSON.stringify(seen));
  }
});
socket.on("connect_error", (error) => {
  console.error(String(error));
  process.exit(1);
});

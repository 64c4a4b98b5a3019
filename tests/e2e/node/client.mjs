// A `ws` client through an HTTP proxy: node client.mjs PROXY_URL WS_URL
// Sends text, binary, fragments and a ping to an echoing server; prints what it saw as JSON.
import { HttpsProxyAgent } from "https-proxy-agent";
import WebSocket from "ws";

const [proxy, url] = process.argv.slice(2);
const socket = new WebSocket(url, ["chat.v2", "chat.v1"], {
  agent: new HttpsProxyAgent(proxy),
  perMessageDeflate: { threshold: 0 },
});
const seen = { messages: [], pongs: 0 };
const wanted = ["hello", "Grüße 👋", "<70000 bytes>", "in three parts", "x".repeat(500)];

socket.on("open", () => {
  seen.protocol = socket.protocol;
  seen.extensions = socket.extensions;
  socket.send("hello");
  socket.send("Grüße 👋");
  socket.send(Buffer.alloc(70000, 7));
  socket.ping("are you there");
  socket.send("in ", { fin: false });
  socket.send("three ", { fin: false });
  socket.send("parts", { fin: true });
  socket.send("x".repeat(500), { compress: false });
});
socket.on("pong", (data) => {
  seen.pongs += data.toString() === "are you there" ? 1 : 0;
});
socket.on("message", (data, isBinary) => {
  seen.messages.push(isBinary ? `<${data.length} bytes>` : data.toString());
  if (seen.messages.length === wanted.length) socket.close(4002, "genug für heute");
});
socket.on("close", (code, reason) => {
  seen.code = code;
  seen.reason = reason.toString();
  seen.ok = JSON.stringify(seen.messages) === JSON.stringify(wanted);
  console.log(JSON.stringify(seen));
});
socket.on("error", (error) => {
  console.error(String(error));
  process.exitCode = 1;
});

"""Messages as their specifications and implementations have them: what is said of each.

(app, opcode, content, text, id, role); the text is all of it.
"""

from __future__ import annotations

import json

import msgspec

from wsinspect.dissect import Role

TEXT, BINARY = 1, 2
RS = b"\x1e"
HUB = msgspec.msgpack.encode([1, {}, "7", "Send", ["ada", 1]])


def mqtt(first: int, body: bytes) -> bytes:
    assert len(body) < 128
    return bytes([first, len(body)]) + body


def utf8(text: str) -> bytes:
    return len(text).to_bytes(2) + text.encode()


type Sample = tuple[str, int, bytes, str, str | None, Role]

SAMPLES: list[Sample] = [
    # Socket.IO protocol 5 over Engine.IO protocol 4
    ("socketio", TEXT, (b'0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":[],"pingInterval":25000,'
     b'"pingTimeout":20000,"maxPayload":1000000}'),
     "open sid=lv_VI97HAXpY6yYWAAAC ping every 25 s, timeout 20 s", None, Role.CONTROL),
    ("socketio", TEXT, b"2", "ping", "ping", Role.HEARTBEAT),
    ("socketio", TEXT, b"3", "pong", "ping", Role.HEARTBEAT),
    ("socketio", TEXT, b"2probe", "ping probe", "pingprobe", Role.HEARTBEAT),
    ("socketio", TEXT, b"5", "upgrade", None, Role.CONTROL),
    ("socketio", TEXT, b"40", "connect /", None, Role.CONTROL),
    ("socketio", TEXT, b'40/admin,{"sid":"oSO0OpakMV_3jnilAAAA"}',
     "connect /admin sid=oSO0OpakMV_3jnilAAAA", None, Role.CONTROL),
    ("socketio", TEXT, b'44{"message":"Not authorized"}', "connect error Not authorized", None,
     Role.CONTROL),
    ("socketio", TEXT, b'42["hey","Jude"]', "hey Jude", None, Role.EVENT),
    ("socketio", TEXT, b'42/admin,12["tellme"]', "tellme in /admin (wants ack 12)", "/admin 12",
     Role.REQUEST),
    ("socketio", TEXT, b'43/admin,12["Nothing"]', 'ack 12 in /admin ["Nothing"]', "/admin 12",
     Role.REPLY),
    ("socketio", TEXT, b'4312["bar"]', 'ack 12 ["bar"]', "12", Role.REPLY),
    ("socketio", TEXT, b'451-["baz",{"_placeholder":true,"num":0}]',
     'baz {"_placeholder":true,"num":0} +1 binary', None, Role.EVENT),
    ("socketio", TEXT, b"41/admin,", "disconnect /admin", None, Role.CONTROL),
    ("socketio", BINARY, b"\x01\x02\x03", "attachment, 3 bytes", None, Role.EVENT),
    ("engineio", TEXT, b"4hello", "message hello", None, Role.EVENT),
    ("sockjs", TEXT, b"o", "open", None, Role.CONTROL),
    ("sockjs", TEXT, b"h", "heartbeat", None, Role.HEARTBEAT),
    ("sockjs", TEXT, b'a["x","y"]', "2 messages: x · y", None, Role.EVENT),
    ("sockjs", TEXT, b'c[3000,"Go away!"]', "close 3000 Go away!", None, Role.CONTROL),
    # SignalR
    ("signalr", TEXT, b'{"protocol":"json","version":1}' + RS, "handshake: json version 1",
     "handshake", Role.REQUEST),
    ("signalr", TEXT, b'{"type":1,"invocationId":"123","target":"Send","arguments":[42,"hi"]}' + RS,
     'Send [42,"hi"] #123', "123", Role.REQUEST),
    ("signalr", TEXT, b'{"type":3,"invocationId":"123","error":"It didn\'t work!"}' + RS,
     "failed: It didn't work! #123", "123", Role.REPLY),
    ("signalr", TEXT, b'{"type":2,"invocationId":"9","item":7}' + RS, "item #9 7", "9", Role.REPLY),
    ("signalr", TEXT, b'{"type":6}' + RS, "ping", None, Role.HEARTBEAT),
    ("signalr", TEXT, b'{"type":6}' + RS + b'{"type":3,"invocationId":"1"}' + RS,
     "ping · completed #1", "1", Role.REPLY),
    ("signalr", BINARY, bytes([len(HUB)]) + HUB, 'Send ["ada",1] #7', "7", Role.REQUEST),
    ("signalr", TEXT, b'{"H":"chat","M":"Say","A":["hi"],"I":3}', 'chat.Say ["hi"]', "3",
     Role.REQUEST),
    # STOMP 1.2
    ("stomp", TEXT, b"CONNECT\naccept-version:1.2\nhost:stomp.example\nheart-beat:0,10000\n\n\0",
     "CONNECT 1.2 stomp.example heart-beat 0,10000", "connect", Role.REQUEST),
    ("stomp", TEXT, b"CONNECTED\nversion:1.2\n\n\0", "CONNECTED 1.2", "connect", Role.REPLY),
    ("stomp", TEXT, b"SEND\ndestination:/queue/a\nreceipt:77\n\nhello queue a\0",
     "SEND /queue/a hello queue a (wants receipt 77)", "77", Role.REQUEST),
    ("stomp", TEXT, b"RECEIPT\nreceipt-id:77\n\n\0", "RECEIPT 77", "77", Role.REPLY),
    ("stomp", TEXT, b"SUBSCRIBE\r\nid:0\r\ndestination:/q/a\r\n\r\n\0", "SUBSCRIBE /q/a 0", None,
     Role.EVENT),
    ("stomp", TEXT, b"ERROR\nreceipt-id:77\nmessage:malformed frame\n\n\0", "ERROR malformed frame",
     "77", Role.REPLY),
    ("stomp", TEXT, b"\n", "heartbeat", None, Role.HEARTBEAT),
    ("nats", BINARY, b"PUB foo.bar 5\r\nhello\r\n", "PUB foo.bar 5 hello", None, Role.EVENT),
    ("nats", BINARY, b"PING\r\n", "PING", "ping", Role.HEARTBEAT),
    # MQTT
    ("mqtt", BINARY, mqtt(0x10, utf8("MQTT") + b"\x04\x02\x00\x3c" + utf8("tram-2")),
     "CONNECT version 3.1.1 client tram-2 keep-alive 60 s clean", "connect", Role.REQUEST),
    ("mqtt", BINARY, mqtt(0x10, utf8("MQTT") + b"\x05\x02\x00\x3c\x00" + utf8("tram-5")),
     "CONNECT version 5.0 client tram-5 keep-alive 60 s clean", "connect", Role.REQUEST),
    ("mqtt", BINARY, mqtt(0x20, b"\0\0"), "CONNACK", "connect", Role.REPLY),
    ("mqtt", BINARY, mqtt(0x82, b"\0\x0a" + utf8("a/#") + b"\1"), "SUBSCRIBE a/# #10", "10",
     Role.REQUEST),
    ("mqtt", BINARY, mqtt(0x82, b"\0\x0a\0" + utf8("a/#") + b"\1"), "SUBSCRIBE a/# #10", "10",
     Role.REQUEST),
    ("mqtt", BINARY, mqtt(0x90, b"\0\x0a\x80"), "SUBACK refused #10", "10", Role.REPLY),
    ("mqtt", BINARY, mqtt(0x30, utf8("a/b") + b"on"), "PUBLISH a/b on", None, Role.EVENT),
    ("mqtt", BINARY, mqtt(0x32, utf8("a/b") + b"\0\7on"), "PUBLISH a/b on qos 1 #7", "7",
     Role.REQUEST),
    ("mqtt", BINARY, mqtt(0x40, b"\0\7"), "PUBACK #7", "7", Role.REPLY),
    ("mqtt", BINARY, mqtt(0x62, b"\0\7"), "PUBREL #7", "7", Role.REQUEST),
    ("mqtt", BINARY, b"\xc0\0", "PINGREQ", "ping", Role.HEARTBEAT),
    ("mqtt", BINARY, mqtt(0x40, b"\0\7") + b"\xd0\0", "PUBACK #7 · PINGRESP", "7", Role.REPLY),
    # GraphQL
    ("graphql", TEXT, b'{"type":"connection_init","payload":{}}', "connection_init", "connection",
     Role.REQUEST),
    ("graphql", TEXT, b'{"type":"connection_ack"}', "connection_ack", "connection", Role.REPLY),
    ("graphql", TEXT, (b'{"id":"1","type":"subscribe","payload":{"operationName":"OnScore",'
     b'"query":"subscription OnScore($id: ID!) { score(id: $id) { home } }",'
     b'"variables":{"id":7}}}'),
     'subscribe subscription OnScore {"id":7} #1', "1", Role.REQUEST),
    ("graphql", TEXT, b'{"id":"1","type":"next","payload":{"data":{"score":{"home":3}}}}',
     'next #1 {"score":{"home":3}}', "1", Role.REPLY),
    ("graphql", TEXT, b'{"id":"1","type":"error","payload":[{"message":"no such field"}]}',
     "error #1 no such field", "1", Role.REPLY),
    ("graphql", TEXT, b'{"id":"1","type":"complete"}', "complete #1", "1", Role.REPLY),
    ("graphql", TEXT, b'{"id":"2","type":"start","payload":{"query":"{ hero { name } }"}}',
     "start query hero #2", "2", Role.REQUEST),
    ("graphql", TEXT, b'{"type":"ka"}', "ka", None, Role.HEARTBEAT),
    # Phoenix, ActionCable, Pusher
    ("phoenix", TEXT, b'["1","2","room:lobby","phx_join",{"user":"ada"}]',
     "phx_join room:lobby user=ada #2", "2", Role.REQUEST),
    ("phoenix", TEXT, b'["1","2","room:lobby","phx_reply",{"status":"ok","response":{}}]',
     "reply room:lobby ok #2", "2", Role.REPLY),
    ("phoenix", TEXT, b'[null,"5","phoenix","heartbeat",{}]', "heartbeat #5", "5", Role.HEARTBEAT),
    ("phoenix", TEXT, b'{"topic":"room:1","event":"new_msg","payload":{"body":"hi"},"ref":null}',
     "new_msg room:1 body=hi", None, Role.EVENT),
    ("actioncable", TEXT, b'{"type":"welcome"}', "welcome", None, Role.CONTROL),
    ("actioncable", TEXT, b'{"type":"ping","message":1700000000}', "ping", None, Role.HEARTBEAT),
    ("actioncable", TEXT, json.dumps({"command": "subscribe",
                                      "identifier": '{"channel":"ChatChannel","room":1}'}).encode(),
     "subscribe ChatChannel room=1", '{"channel":"ChatChannel","room":1}', Role.REQUEST),
    ("actioncable", TEXT, json.dumps({"type": "confirm_subscription",
                                      "identifier": '{"channel":"ChatChannel","room":1}'}).encode(),
     "confirm_subscription ChatChannel room=1", '{"channel":"ChatChannel","room":1}', Role.REPLY),
    ("actioncable", TEXT, json.dumps({"command": "message",
                                      "identifier": '{"channel":"ChatChannel"}',
                                      "data": '{"action":"speak","text":"hi"}'}).encode(),
     "message ChatChannel speak text=hi", None, Role.EVENT),
    ("pusher", TEXT, (b'{"event":"pusher:connection_established",'
     b'"data":"{\\"socket_id\\":\\"1.1\\",\\"activity_timeout\\":120}"}'),
     "pusher:connection_established socket_id=1.1 activity_timeout=120", None, Role.CONTROL),
    ("pusher", TEXT, b'{"event":"pusher:subscribe","data":{"channel":"trams"}}',
     "pusher:subscribe trams", "trams", Role.REQUEST),
    ("pusher", TEXT, (b'{"event":"pusher_internal:subscription_succeeded","channel":"trams",'
     b'"data":"{}"}'), "pusher_internal:subscription_succeeded trams", "trams", Role.REPLY),
    ("pusher", TEXT, b'{"event":"pusher:ping","data":{}}', "pusher:ping", "ping", Role.HEARTBEAT),
    # WAMP, OCPP, Nostr
    ("wamp", TEXT, b'[1,"realm1",{"roles":{"caller":{}}}]', "HELLO realm1", "session",
     Role.REQUEST),
    ("wamp", TEXT, b'[2,9129137332,{"roles":{"broker":{}}}]', "WELCOME", "session", Role.REPLY),
    ("wamp", TEXT, b'[48,7814135,{},"com.myapp.add2",[23,7]]',
     "CALL com.myapp.add2 [23,7] #7814135", "7814135", Role.REQUEST),
    ("wamp", TEXT, b"[50,7814135,{},[30]]", "RESULT [30] #7814135", "7814135", Role.REPLY),
    ("wamp", TEXT, b'[8,48,7814135,{},"com.myapp.error"]',
     "ERROR com.myapp.error #7814135", "7814135", Role.REPLY),
    ("wamp", BINARY, msgspec.msgpack.encode([32, 713845233, {}, "com.myapp.topic1"]),
     "SUBSCRIBE com.myapp.topic1 #713845233", "713845233", Role.REQUEST),
    ("ocpp", TEXT, b'[2,"19223201","BootNotification",{"chargePointModel":"M"}]',
     'BootNotification {"chargePointModel":"M"} #19223201', "19223201", Role.REQUEST),
    ("ocpp", TEXT, b'[3,"19223201",{"status":"Accepted","interval":300}]',
     "result Accepted #19223201", "19223201", Role.REPLY),
    ("ocpp", TEXT, b'[4,"162376037","NotSupported","SetDisplayMessage not implemented",{}]',
     "error NotSupported SetDisplayMessage not implemented #162376037", "162376037", Role.REPLY),
    ("nostr", TEXT, b'["REQ","sub1",{"kinds":[1],"limit":10}]',
     'REQ {"kinds":[1],"limit":10} #sub1', "sub1", Role.REQUEST),
    ("nostr", TEXT, b'["EVENT","sub1",{"id":"ab","pubkey":"p","kind":1,"content":"hi"}]',
     "EVENT kind 1 hi #sub1", "sub1", Role.REPLY),
    ("nostr", TEXT, b'["EVENT",{"id":"ab","pubkey":"p","kind":1,"content":"hi"}]',
     "EVENT kind 1 hi #ab", "ab", Role.REQUEST),
    ("nostr", TEXT, b'["OK","ab",false,"blocked: no"]', "OK refused blocked: no #ab", "ab",
     Role.REPLY),
    # JSON-RPC, LSP, CDP
    ("jsonrpc", TEXT, b'{"jsonrpc":"2.0","method":"subtract","params":[42,23],"id":1}',
     "subtract [42,23] #1", "1", Role.REQUEST),
    ("jsonrpc", TEXT, b'{"jsonrpc":"2.0","result":19,"id":1}', "result 19 #1", "1", Role.REPLY),
    ("jsonrpc", TEXT, (b'{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},'
     b'"id":"1"}'), "error -32601 Method not found #1", "1", Role.REPLY),
    ("jsonrpc", TEXT, b'[{"jsonrpc":"2.0","method":"a","id":1},{"jsonrpc":"2.0","method":"b"}]',
     "a #1 · b (batch of 2)", "1", Role.REQUEST),
    ("lsp", TEXT, b'Content-Length: 60\r\n\r\n{"jsonrpc":"2.0","id":2,"method":"shutdown"}',
     "shutdown #2", "2", Role.REQUEST),
    ("cdp", TEXT, b'{"id":3,"method":"Page.navigate","params":{"url":"https://x.example"}}',
     "Page.navigate url=https://x.example #3", "3", Role.REQUEST),
    ("cdp", TEXT, b'{"id":3,"result":{},"sessionId":"S1"}', "result #3", "S1 3", Role.REPLY),
    # XMPP
    ("xmpp", TEXT, (b'<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="a.example" '
     b'version="1.0"/>'), "open to a.example", None, Role.CONTROL),
    ("xmpp", TEXT, b"<iq type='get' id='v1' to='a@b'><query xmlns='jabber:iq:version'/></iq>",
     "iq get query to a@b", "v1", Role.REQUEST),
    ("xmpp", TEXT, b"<message to='bo@b'><body>hi there</body></message>",
     "message to bo@b hi there", None, Role.EVENT),
    # Others
    ("", TEXT, b'{"type":"say","user":"ada","text":"hello there"}',
     'say user=ada text="hello there"', None, Role.EVENT),
    ("", TEXT, b'{"op":"subscribe","id":4,"ch":["a"]}', 'subscribe ch=["a"] #4', "4", Role.REQUEST),
    ("", TEXT, b'{"id":4,"result":"ok"}', "result=ok #4", "4", Role.REPLY),
    ("", TEXT, b'{"type":"ping"}', "ping", "ping", Role.HEARTBEAT),
    ("unheard-of", TEXT, b'[{"e":"trade","p":1},{"e":"x"}]', "trade p=1 (and 1 more)", None,
     Role.EVENT),
    ("msgpack", BINARY, msgspec.msgpack.encode({"type": "say", "n": 1}), "say n=1", None,
     Role.EVENT),
    ("cbor", BINARY, bytes.fromhex("a26161016162820203"), "CBOR a, b", None, Role.EVENT),
    ("protobuf", BINARY, bytes.fromhex("0896011203616461"), "protobuf 1:number, 2:text", None,
     Role.EVENT),
    ("json", TEXT, b'{"action":"buy","n":2}', "buy n=2", None, Role.EVENT),
    ("", TEXT, b"just words", "", None, Role.UNKNOWN),
]  # fmt: skip

import { createHash } from 'node:crypto';

/** Answers an upgrade and echoes every text frame: unfragmented frames up to 64 KiB, which is all this sample needs. */
export function echoWebSocket(request, socket) {
  const key = request.headers['sec-websocket-key'];
  if (key === undefined) return socket.destroy();
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const head = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  let bytes = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (let frame = readFrame(bytes); frame; frame = readFrame(bytes)) {
      bytes = bytes.subarray(frame.used);
      answer(socket, frame);
    }
  });
}

/** Tells the client to come back elsewhere (1001), then ends. */
export function goAway(socket) {
  socket.end(writeFrame(0x8, Buffer.from([0x03, 0xe9])));
}

function answer(socket, { opcode, payload }) {
  if (opcode === 0x8) socket.end(writeFrame(0x8, payload));
  else if (opcode === 0x9) socket.write(writeFrame(0xa, payload));
  else if (opcode === 0x1 || opcode === 0x2) socket.write(writeFrame(opcode, payload));
}

function readFrame(bytes) {
  if (bytes.length < 6) return undefined;
  const short = bytes[1] & 0x7f;
  const start = short === 126 ? 4 : 2;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const used = start + 4 + length;
  if (bytes.length < used) return undefined;
  const mask = bytes.subarray(start, start + 4);
  const payload = bytes.subarray(start + 4, used).map((byte, i) => byte ^ mask[i % 4]);
  return { opcode: bytes[0] & 0x0f, payload, used };
}

function writeFrame(opcode, payload) {
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 4 : 2);
  head[0] = 0x80 | opcode;
  head[1] = long ? 126 : payload.length;
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

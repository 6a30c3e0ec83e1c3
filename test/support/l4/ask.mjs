// Exit code 0 when the UDP server on a port answers, of this machine or of `CUTOVER_ADDRESS`. usage: ask.mjs PORT
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
socket.on('message', () => process.exit(0));
socket.on('error', () => process.exit(1));
socket.send('are you there', Number(process.argv[2]), process.env.CUTOVER_ADDRESS || '127.0.0.1');
setTimeout(() => process.exit(1), 500);

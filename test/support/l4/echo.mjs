// A UDP server that says who it is before it gives back what came; and a plain file that says it is up.
import { createSocket } from 'node:dgram';

const { PORT = '0', CUTOVER_RELEASE = '' } = process.env;
const socket = createSocket('udp4');
socket.on('message', (message, from) => socket.send(`${CUTOVER_RELEASE} ${message}`, from.port, from.address));
socket.bind(Number(PORT), '0.0.0.0');
process.on('SIGTERM', () => socket.close(() => process.exit(0)));

import { run } from './cli/program.ts';

void run(process.argv).then((code) => process.exit(code));

// Ends with the status it is told, or waits for SIGTERM and ends with 9.
const [what = '0'] = process.argv.slice(2);
if (what !== 'wait') process.exit(Number(what));
process.on('SIGTERM', () => process.exit(9));
setInterval(() => undefined, 60_000);
console.log('waiting');

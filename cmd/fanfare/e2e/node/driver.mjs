// A puppet for the Go tests: `node driver.mjs echo` carries out the functions that echo.mjs exports.
//
// One JSON object a line. In: {"id":1,"call":"connect","args":{...}}. Out: {"id":1,"result":...} or
// {"id":1,"failure":"..."}, and {"client":...,"seen":{...}} for what happens unasked (see emit in wire.mjs).
// Calls run concurrently, so that one that waits for an event holds up no other. The end of input ends the process.

import { createInterface } from 'node:readline';
import { write } from './wire.mjs';

const calls = await import(`./${process.argv[2]}.mjs`);

async function carryOut({ id, call, args }) {
  try {
    const result = await calls[call](args);
    write({ id, result: result ?? null });
  } catch (error) {
    write({ id, failure: String(error?.stack ?? error) });
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => carryOut(JSON.parse(line)))
  .on('close', async () => {
    await calls.close?.();
    process.exit(0);
  });

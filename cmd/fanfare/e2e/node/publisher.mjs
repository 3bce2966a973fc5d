// pusher, the server library.

import { Agent } from 'node:http';
import Pusher from 'pusher';

// One connection for all requests of who wants that, counted.
let opened = 0;
class Counting extends Agent {
  createConnection(...args) {
    opened += 1;
    return super.createConnection(...args);
  }
}
const agent = new Counting({ keepAlive: true, maxSockets: 1 });

export function connections() {
  return opened;
}

// request calls any method of the library that speaks HTTP, and resolves with the answer's status and body.
export async function request({ options, method, args }) {
  try {
    const response = await new Pusher(options.keepAlive ? { ...options, agent } : options)[method](...args);
    return { status: response.status, body: await response.json() };
  } catch (error) {
    // RequestError keeps the server's words in `body`, and leaves them out of its message.
    if (error.body === undefined) throw error;
    return { status: error.status, error: error.body };
  }
}

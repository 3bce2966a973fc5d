// pusher, the server library.

import Pusher from 'pusher';

// request calls any method of the library that speaks HTTP, and resolves with the answer's status and body.
export async function request({ options, method, args }) {
  try {
    const response = await new Pusher(options)[method](...args);
    return { status: response.status, body: await response.json() };
  } catch (error) {
    // RequestError keeps the server's words in `body`, and leaves them out of its message.
    if (error.body === undefined) throw error;
    return { status: error.status, error: error.body };
  }
}

// What goes to the Go test, one JSON object a line.

export function write(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

// emit reports something that a client saw: kind "event", "state" or "error", and that kind's own members.
export function emit(client, kind, members) {
  write({ client, seen: { kind, ...members } });
}

// watchConnection reports the states that a pusher-js connection passes through, and its errors.
export function watchConnection(client, pusher) {
  pusher.connection.bind('state_change', ({ current }) => emit(client, 'state', { state: current }));
  pusher.connection.bind('error', (error) => emit(client, 'error', { error }));
}

// connected resolves with the socket id of the first connection.
export function connected(pusher) {
  return new Promise((resolve) => {
    pusher.connection.bind('connected', () => resolve(pusher.connection.socket_id));
  });
}

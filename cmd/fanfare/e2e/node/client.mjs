// pusher-js, the client library. Its build for Node decrypts private-encrypted channels too.

import Pusher from 'pusher-js';
import { connected, emit, watchConnection } from './wire.mjs';

const clients = new Map();

export function connect({ client, key, options }) {
  const pusher = new Pusher(key, options);
  clients.set(client, pusher);
  watchConnection(client, pusher);
  return connected(pusher);
}

// subscribe resolves with the members (null but for presence) or fails with what subscription_error carried.
// From the first frame on it reports the given events.
export function subscribe({ client, channel, events }) {
  const subscription = clients.get(client).subscribe(channel);
  for (const event of events) {
    subscription.bind(event, (data, metadata) => {
      emit(client, 'event', { channel, event, data, user_id: metadata?.user_id });
    });
  }
  return new Promise((resolve, reject) => {
    subscription.bind('pusher:subscription_succeeded', (members) => resolve(members?.members));
    subscription.bind('pusher:subscription_error', (error) => reject(JSON.stringify(error)));
  });
}

export function unsubscribe({ client, channel }) {
  clients.get(client).unsubscribe(channel);
}

export function trigger({ client, channel, event, data }) {
  return clients.get(client).channel(channel).trigger(event, data);
}

export function disconnect({ client }) {
  clients.get(client).disconnect();
}

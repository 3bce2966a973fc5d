// laravel-echo on pusher-js.

import Echo from 'laravel-echo';
import Pusher from 'pusher-js';
import { connected, emit, watchConnection } from './wire.mjs';

const clients = new Map();

export function connect({ client, options }) {
  const echo = new Echo({ ...options, Pusher });
  clients.set(client, echo);
  watchConnection(client, echo.connector.pusher);
  return connected(echo.connector.pusher);
}

// subscribe opens a channel by one of Echo's methods: channel, private, encryptedPrivate or join.
// It resolves when the server has confirmed, and fails with what .error() was handed.
export function subscribe({ client, method, channel, events }) {
  const subscription = clients.get(client)[method](channel);
  const report = (event) => (data) => emit(client, 'event', { channel, event, data });
  for (const event of events) {
    subscription.listen(event, report(event));
  }
  subscription.notification(report('notification'));
  if (method === 'join') {
    subscription.here(report('here')).joining(report('joining')).leaving(report('leaving'));
  }
  return new Promise((resolve, reject) => {
    subscription.subscribed(() => resolve());
    subscription.error((error) => reject(JSON.stringify(error)));
  });
}

export function leave({ client, channel }) {
  clients.get(client).leave(channel);
}

export function disconnect({ client }) {
  clients.get(client).disconnect();
}

// Two people see what the other one writes, letter by letter: each is a whisper with a number, on a presence channel. One has
// pusher-js alone, the other Laravel Echo. Whatever becomes of the connection is told in the list beside.

const { user, library, broadcasting } = window.desk;
const element = (id) => document.getElementById(id);
const present = new Map();

function note(text, bad) {
  const item = document.createElement('li');
  item.textContent = text;
  item.className = bad ? 'bad' : '';
  element('log').append(item);
}

const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(...args) {
    super(...args);
    this.addEventListener('close', ({ code }) => note(`WebSocket closed: ${code}`, true));
    this.addEventListener('error', () => note('WebSocket error', true));
  }
};

// Both libraries say the same in other words.
function takePlace() {
  if (library === 'Laravel Echo') {
    const echo = new window.Echo.default(broadcasting);
    const channel = echo.join('desk');
    return {
      connection: echo.connector.pusher.connection,
      here: (f) => channel.here((list) => f(list.map(({ id, name }) => [id, name]))),
      came: (f) => channel.joining(({ id, name }) => f(id, name)),
      left: (f) => channel.leaving(({ id, name }) => f(id, name)),
      heard: (f) => channel.listenForWhisper('letter', f),
      upgraded: (f) => channel.listen('.upgraded', f),
      whisper: (data) => channel.whisper('letter', data),
    };
  }
  const pusher = new window.Pusher(broadcasting.key, {
    ...broadcasting,
    cluster: '',
    channelAuthorization: {
      endpoint: '/broadcasting/auth',
      headers: { 'X-CSRF-TOKEN': document.querySelector('[name=csrf-token]').content },
    },
  });
  const channel = pusher.subscribe('presence-desk');
  const each = ({ members }) => Object.values(members).map(({ id, name }) => [id, name]);
  return {
    connection: pusher.connection,
    here: (f) => channel.bind('pusher:subscription_succeeded', (members) => f(each(members))),
    came: (f) => channel.bind('pusher:member_added', ({ id, info }) => f(id, info.name)),
    left: (f) => channel.bind('pusher:member_removed', ({ id, info }) => f(id, info.name)),
    heard: (f) => channel.bind('client-letter', f),
    upgraded: (f) => channel.bind('upgraded', f),
    whisper: (data) => channel.trigger('client-letter', data),
  };
}

function showMembers() {
  const names = [...present.values()].sort();
  element('members').replaceChildren(...names.map((name) => {
    const item = document.createElement('li');
    const badge = document.createElement('span');
    badge.className = 'badge';
    badge.dataset.initial = name[0];
    badge.style.setProperty('--hue', (name.charCodeAt(0) * 47) % 360);
    item.append(badge, name);
    return item;
  }));
}

function showState(state) {
  element('status').textContent = state;
  element('status').dataset.state = state;
}

const d = takePlace();
note(d.connection.state);
d.connection.bind('state_change', ({ current }) => {
  note(current, current !== 'connected');
  showState(current);
});

d.here((list) => {
  present.clear();
  list.forEach(([id, name]) => present.set(id, name));
  note('joined the desk');
  showMembers();
});
d.came((id, name) => {
  present.set(id, name);
  note(`${name} came`);
  showMembers();
});
d.left((id, name) => {
  present.delete(id);
  note(`${name} left`, true);
  showMembers();
});

let heard = 0;
let amiss = 0;
d.heard(({ number, letter }) => {
  if (number !== heard) {
    amiss += 1;
    note(`letter ${number} instead of ${heard}`, true);
    element('amiss').className = 'bad';
  }
  heard = number + 1;
  element('heard').append(letter);
  element('count').textContent = heard;
  element('amiss').textContent = amiss;
});

d.upgraded(({ words }) => {
  const mark = document.createElement('mark');
  mark.dataset.words = words;
  element('heard').append(mark);
});

let sent = 0;
element('text').addEventListener('input', ({ data }) => {
  d.whisper({ number: sent, letter: data });
  sent += 1;
  element('sent').textContent = sent;
});

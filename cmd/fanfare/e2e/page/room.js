// A chat room as a Laravel team writes it: Echo on a presence channel, whispers while typing, axios for what is said.
// Echo adds the tab's socket id to every axios request, so that the application can leave the sender out (toOthers).

const { user, broadcasting } = window.room;
const echo = new window.Echo.default(broadcasting);
const present = new Map();
const typing = new Set();

const element = (id) => document.getElementById(id);

function initial(name) {
  const badge = document.createElement('span');
  badge.className = 'badge';
  badge.dataset.initial = name[0];
  badge.style.setProperty('--hue', (name.charCodeAt(0) * 47) % 360);
  return badge;
}

function line(kind, from, text) {
  const item = document.createElement('li');
  item.className = kind;
  const words = document.createElement('span');
  words.className = 'words';
  words.textContent = from ? `${from}: ${text}` : text;
  if (from) item.append(initial(from));
  item.append(words);
  element('messages').append(item);
}

function showMembers() {
  const names = [...present.values()].sort();
  element('members').replaceChildren(...names.map((name) => {
    const item = document.createElement('li');
    item.append(initial(name), name);
    return item;
  }));
}

function showTyping() {
  const names = [...typing].sort();
  const verb = names.length > 1 ? 'are' : 'is';
  element('typing').textContent = names.length ? `${names.join(', ')} ${verb} typing …` : '';
}

function left(member) {
  present.delete(member.id);
  typing.delete(member.name);
  showMembers();
  showTyping();
}

echo.connector.onConnectionChange((state) => {
  element('status').textContent = state;
  element('status').dataset.state = state;
});

const room = echo.join('room')
  .here((members) => {
    members.forEach((member) => present.set(member.id, member.name));
    showMembers();
  })
  .joining((member) => {
    present.set(member.id, member.name);
    showMembers();
  })
  .leaving(left)
  .listenForWhisper('typing', ({ name, active }) => {
    typing[active ? 'add' : 'delete'](name);
    showTyping();
  })
  .listen('MessageSent', ({ from, text }) => line('theirs', from, text))
  .listen('Announcement', ({ text }) => line('notice', '', text))
  .error((error) => line('notice', '', `The room refused us: ${JSON.stringify(error)}`));

echo.encryptedPrivate('vault')
  .listen('Secret', ({ text }) => line('secret', '', text));

let told = false;
function tell(active) {
  if (active === told) return;
  told = active;
  room.whisper('typing', { name: user.name, active });
}

element('text').addEventListener('input', ({ target }) => tell(target.value !== ''));

element('composer').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = element('text').value;
  element('text').value = '';
  tell(false);
  line('mine', user.name, text);
  await window.axios.post('/messages', { text });
});

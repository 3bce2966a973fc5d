// What a Laravel application adds to the room: people sign in to the server and get events of their own, each has an inbox for
// notifications, and only some may go backstage. The buttons have the application broadcast what was typed.

const { pusher } = echo.connector;

function opened(door) {
  element(door).textContent = 'open';
}

function refused(door) {
  return ({ status }) => { element(door).textContent = `refused with ${status}`; };
}

echo.connector.signin();
pusher.user.bind('Nudge', ({ from, text }) => line('notice', '', `${from} nudges you: ${text}`));
pusher.user.bind('pusher:signin_error', refused('signed-in'));
pusher.user.signinDonePromise.then(() => {
  // Events come once the server has confirmed the user's own channel too.
  pusher.user.serverToUserChannel?.bind('pusher:subscription_succeeded', () => {
    element('signed-in').textContent = `as ${pusher.user.user_data.id}`;
  });
});

echo.private(`App.Models.User.${user.id}`)
  .notification(({ from, text, type }) => line('notice', '', `${type} from ${from}: ${text}`))
  .subscribed(() => opened('inbox'))
  .error(refused('inbox'));

echo.encryptedPrivate('vault')
  .subscribed(() => opened('vault'))
  .error(refused('vault'));

element('backstage').addEventListener('click', () => {
  echo.private('backstage')
    .subscribed(() => opened('stage-door'))
    .error(refused('stage-door'));
});

for (const button of document.querySelectorAll('[data-url]')) {
  button.addEventListener('click', async () => {
    const text = element('text').value;
    element('text').value = '';
    tell(false);
    await window.axios.post(button.dataset.url, { text, to: button.dataset.to });
  });
}

// A puppet that holds stock pusher-js and Laravel Echo clients. A line of
// standard input is a list of commands, carried out without a pause between
// them (so that a callback is bound before its event can come); the answer is
// one line with the last command's result. A callback that fires is a line too.
// What it should see is known to the Go side alone.
//
//   {"new":"Echo","as":"a","args":[{"broadcaster":"pusher","Pusher":{"class":"Pusher"}}]}
//   {"on":"a","call":"private","as":"room","args":["orders"]}
//   {"on":"room","call":"listen","args":["OrderShipped",{"callback":"shipped"}]}
//   {"on":"a.connector.pusher","call":"disconnect"}
//   {"get":"room.subscriptionCount"}
//
// "as" names the result for later commands. In arguments, {"callback":TAG} is a
// function that prints its own arguments under that tag.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.env.CONFORMANCE_MODULES + '/');
const Pusher = require('pusher-js');
const PusherServer = require('pusher');
// What Node resolves for laravel-echo is a CommonJS file in a package of type
// "module", which Node cannot load; its neighbour is the same as a module.
const echo = require.resolve('laravel-echo').replace(/echo\.common\.js$/, 'echo.js');
const { default: Echo } = await import(pathToFileURL(echo));

// Library is the server library. What a request comes to is printed under a
// tag: its status and decoded answer, or what the library threw.
class Library {
  constructor(options) {
    this.pusher = new PusherServer(options);
  }

  async ask(tag, method, ...args) {
    try {
      const answer = await this.pusher[method](...args);
      print({ tag, args: [{ status: answer.status, answer: await answer.json() }] });
    } catch (err) {
      print({ tag, args: [{ status: err.status ?? 0, error: err.body ?? String(err.stack) }] });
    }
  }

  // webhook reads a request as an application does that is told something.
  webhook(headers, rawBody) {
    const hook = this.pusher.webhook({ headers, rawBody });
    return hook.isValid() ? { time: hook.getTime().getTime(), events: hook.getEvents() } : null;
  }
}

const classes = { Pusher, Echo, Library };
const objects = new Map();
const print = (line) => process.stdout.write(JSON.stringify(line) + '\n');

// plain is what JSON can tell of a value; channels and clients refer to
// themselves, and are told apart by name only.
function plain(value) {
  try {
    return value === undefined ? null : JSON.parse(JSON.stringify(value));
  } catch {
    return null;
  }
}

function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== 'object') return value;
  if (value.callback) return (...args) => print({ tag: value.callback, args: args.map(plain) });
  if (value.class) return classes[value.class];
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, revive(v)]));
}

function find(path) {
  const [name, ...members] = path.split('.');
  if (!objects.has(name)) throw new Error(`no object is called ${name}`);
  return members.reduce((o, member) => o?.[member], objects.get(name));
}

function carryOut(command) {
  if (command.get) return plain(find(command.get));
  const args = revive(command.args ?? []);
  const result = command.new ? new classes[command.new](...args) : find(command.on)[command.call](...args);
  if (command.as) objects.set(command.as, result);
  return command.as ? null : plain(result);
}

process.on('uncaughtException', (err) => print({ tag: 'crash', args: [String(err.stack)] }));

createInterface({ input: process.stdin })
  .on('line', (line) => {
    try {
      print({ tag: 'done', args: JSON.parse(line).map(carryOut).slice(-1) });
    } catch (err) {
      print({ tag: 'crash', args: [`${line}: ${err.stack}`] });
    }
  })
  .on('close', () => process.exit(0));

// page.js: the dashboard. It watches the node that served it (/events, /members, /history), and asks that node alone
// for changes. Others it only asks whether they live, and only when its own node is dead: then it moves to one that
// does.
'use strict';

const POLL_MS = 1000; // members, and whether the node lives
const LEASE_MS = 100; // the goose is asked for its lease three times in a lease, but not more often than this
const HIDDEN_MS = 10000; // nobody looks
const CHOICE_MS = 100; // for better members to answer too, when one has
const BACK_MS = 5000; // until a broken stream of events is tried again
const ROUND_MS = 700; // a node asks the others ROUND_ASKS times, for half a second
const ROUND_ASKS = 5;
const NOTES_MAX = 100;

// ---- live ----

function takeStatus(status, readAt = performance.now()) {
  const before = view.status;
  view.status = status;
  if (status.index !== undefined) view.index = status.index;
  if (status.lease_ms > 0) {
    view.leaseMost = Math.max(view.leaseMost, status.lease_ms);
    view.leaseEnd = readAt + status.lease_ms;
  } else {
    view.leaseEnd = 0;
  }
  const turned = before === null || before.goose !== status.goose || before.term !== status.term;
  if (turned && before !== null)
    announce(status.goose ? `${status.goose} is the goose, in term ${status.term}` : 'No goose is known');
  if (turned) view.turnedAt = performance.now();
  showHead();
  if (turned || before.role !== status.role) {
    showMembers();
    refresh();
  }
}

function takeMembers(said) {
  view.members = inOrder(said.members);
  view.wanted = said.wanted;
  noteVoters();
  showMembers();
}

// What came of a round of questions is known when it is over; then the next one begins.
let roundAt = -ROUND_MS;

async function lookAround() {
  if (performance.now() - roundAt < ROUND_MS) return;
  view.why = await ask('/why');
  for (const link of roundAt < 0 ? [] : view.why.links)
    if (link.answered > 0 || link.asked === 0 || link.asked >= ROUND_ASKS)
      view.links.set(link.address, { ...link, silent: link.answered === 0 });
  if (selfIsGoose()) view.links.clear();
  else await ask('/why?probe=1');
  roundAt = selfIsGoose() ? -ROUND_MS : performance.now();
}

// The node remembers who was goose; that a voter fell silent, came back or lost its seat, this page does.
const noted = new Map(); // by address: is it silent

function noteVoters() {
  const first = noted.size === 0;
  const note = (address, what, why = '') => view.notes.push({ at: Date.now(), what: `${address} ${what}`, why });
  const voters = view.members.filter((member) => member.seat === 'voter');
  for (const member of voters) {
    const silent = isSilent(member);
    const was = noted.get(member.address);
    if (!noted.has(member.address) && !first) note(member.address, 'is a voter now');
    if (was === false && silent) note(member.address, 'is silent');
    if (was && silent === false) note(member.address, 'is heard again');
    noted.set(member.address, silent ?? was);
  }
  for (const [address, silent] of noted) {
    if (voters.some((member) => member.address === address)) continue;
    note(address, 'is no voter any more', silent ? 'it was silent' : '');
    noted.delete(address);
  }
  view.notes.splice(0, view.notes.length - NOTES_MAX);
}

let stream = null;
let streamTriedAt = -BACK_MS;
let failures = 0;

function showLink() {
  const live = stream?.readyState === EventSource.OPEN;
  const [state, words] = view.dead ? ['dead', 'no answer'] : !view.status ? ['wait', 'connecting']
    : !view.status.goose ? ['none', 'live, no goose'] : live ? ['live', 'live'] : ['wait', 'live once a second'];
  $('link').dataset.link = state;
  say($('link'), words);
}

function listen() {
  if (stream || view.dead || document.hidden || performance.now() - streamTriedAt < BACK_MS) return;
  streamTriedAt = performance.now();
  const own = new EventSource('/events');
  stream = own;
  own.onopen = showLink;
  own.addEventListener('status', (event) => {
    takeStatus(JSON.parse(event.data));
    showLink();
  });
  own.onerror = () => {
    hush();
    refresh();
  };
}

function hush() {
  stream?.close();
  stream = null;
  showLink();
}

// One look at the node at a time. Without the stream /status tells of changes too.
let looking = false;
let lookAgain = false;

async function look() {
  try {
    const live = stream?.readyState === EventSource.OPEN;
    if (!view.status || !live) {
      const sentAt = performance.now();
      const status = await ask('/status');
      takeStatus({ ...status, why: view.status?.goose === status.goose ? view.status.why : undefined }, sentAt);
    }
    await lookAround();
    takeMembers(await ask('/members'));
    const known = [view.index, view.status.goose, view.status.term].join(' ');
    if (known !== view.changesOf) view.changes = (await ask('/history')).history;
    view.changesOf = known;
    showHistory();
    failures = 0;
  } catch (error) {
    // A node that answers anything at all is alive.
    failures = error instanceof Silence ? failures + 1 : 0;
    if (failures === 1) lookAgain = true;
    else if (failures > 1) die();
    else if (!(error instanceof Refusal)) console.error(error);
  }
  showLink();
}

async function refresh() {
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  do {
    lookAgain = false;
    if (!view.dead) await look();
  } while (lookAgain && !view.dead);
  looking = false;
}

async function keepLooking() {
  for (;;) {
    listen();
    await refresh();
    const many = view.members.length > LISTED_MAX ? 5 : 1;
    await Promise.race([wait(document.hidden ? HIDDEN_MS : POLL_MS * many), shown()]);
  }
}

// The lease that the bar shows is asked for more often.
async function keepLease() {
  for (;;) {
    await wait(Math.min(POLL_MS, Math.max(LEASE_MS, view.leaseMost / 3)));
    if (document.hidden || view.dead || !selfIsGoose()) continue;
    const sentAt = performance.now();
    const said = await ask('/status').catch(() => null);
    // Of an election the events tell, in their order; an answer may be older than the last of them.
    if (said?.role === 'goose' && said.term === view.status.term) takeStatus({ ...view.status, ...said }, sentAt);
  }
}

function shown() {
  return new Promise((done) => {
    if (document.hidden) document.addEventListener('visibilitychange', done, { once: true });
  });
}

// ---- moving to a member that lives ----

const came = new URLSearchParams(location.hash.slice(1));
let hops = Math.min(7, Math.max(0, Number(came.get('hops')) || 0));
let underWay = false; // a change was asked for, and not answered yet

function lives(site) {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return fetch(urlOf(site) + '/livez', { mode: 'no-cors', cache: 'no-store', credentials: 'omit', signal });
}

function die() {
  if (view.dead) return;
  view.dead = true;
  document.body.classList.add('dead');
  showMembers();
  hush();
  moveOn();
}

async function moveOn() {
  const self = view.status?.self ?? location.host;
  const others = view.members.filter((m) => !isSelf(m)).map(siteOf).filter((site) => site && site !== location.host);
  notice(`${self} does not answer any more. Looking for another member.`);
  if (hops > 2) await wait(250 * 2 ** hops);
  for (let round = 1; ; round++) {
    const own = ask('/livez').then(() => true, () => false);
    // A page that came over TLS may not ask members over plain HTTP.
    const asked = location.protocol === 'http:' ? others.slice(0, 60) : [];
    const alive = new Set();
    const first = await Promise.any(asked.map((site) => lives(site).then(() => alive.add(site)))).catch(() => null);
    await wait(first ? CHOICE_MS : 0);
    // Where the network was away for a while, all answer again, and nobody has to move.
    if (await Promise.race([own, wait(first ? 0 : PATIENCE_MS)])) return comeBack();
    // Who goes to a node that is dead too is stuck in the browser's own page of errors: so it is asked once more.
    const best = asked.find((site) => alive.has(site));
    if (best && await lives(best).then(() => true, () => false)) return goTo(best, self);
    const rest = asked.length > 0 ? 'neither does any other member' : 'there is no other that this page can ask';
    notice(`${self} does not answer any more, and ${rest}. Trying on.`);
    await wait(Math.min(5000, 500 * round));
  }
}

function goTo(address, from) {
  const flock = view.status?.flock_id ?? '';
  const words = new URLSearchParams({ from, hops: hops + 1, flock, cut: underWay ? 1 : 0 });
  notice(`${from} does not answer any more. Moving to ${address}.`);
  location.replace(`${urlOf(address)}/#${words}`);
}

function comeBack() {
  view.dead = false;
  document.body.classList.remove('dead');
  failures = 0;
  streamTriedAt = -BACK_MS;
  notice('');
  announce('The node answers again');
  listen();
  refresh();
}

// Says where the page came from. Whoever stays a while has not come in a circle.
async function arrive() {
  const from = came.get('from');
  if (location.hash) history.replaceState(null, '', location.pathname);
  if (!isAddress(from)) return;
  const cut = came.get('cut') === '1' ? ' What was asked for there may or may not have been done.' : '';
  notice(`${from} stopped answering, so this page moved here.${cut}`);
  while (!view.status) await wait(100);
  if (came.get('flock') && came.get('flock') !== view.status.flock_id)
    notice(`${from} stopped answering, so this page moved here; but this node belongs to another flock.`);
  await wait(20000);
  if (view.dead) return;
  hops = 0;
  if (!cut) notice('');
}

// ---- changes ----

let token = '';
let asked = null;

// What is asked before anything is done. `send` gets whether it is to be forced; `risk` says what that means.
function askFirst(question) {
  asked = { ...question, forced: false };
  say($('ask-title'), question.title);
  say($('ask-text'), question.text);
  say($('ask-yes'), question.verb);
  say($('ask-problem'), '');
  $('ask-yes').className = question.risk ? 'risky' : '';
  $('ask-token').hidden = true;
  $('ask-yes').disabled = false;
  $('ask').showModal();
  $('ask-no').focus();
}

async function carryOut(event) {
  event.preventDefault();
  const question = asked;
  if (!$('ask-token').hidden) token = $('token').value;
  $('ask-yes').disabled = true;
  say($('ask-problem'), '');
  underWay = true;
  try {
    const said = await question.send(question.forced);
    tellDone(question.done(said));
    if (question === asked) $('ask').close();
  } catch (error) {
    if (question === asked) explain(question, error);
  }
  underWay = false;
  $('ask-yes').disabled = false;
  refresh();
}

async function tellDone(words) {
  notice(words);
  await wait(10000);
  if ($('notice').textContent === words) notice('');
}

function explain(question, error) {
  if (!(error instanceof Refusal)) {
    say($('ask-problem'), 'No answer came. It may or may not have been done: look at the history before asking again.');
    return;
  }
  let words = error.message[0].toUpperCase() + error.message.slice(1) + '.';
  if (error.code === 401) {
    words = token ? 'That is not the right token.' : '';
    token = '';
    $('token').value = '';
    $('ask-token').hidden = false;
    $('token').focus();
  } else if (error.code === 409 && question.risk && !question.forced) {
    question.forced = true;
    words += `\n\n${question.risk}`;
    say($('ask-yes'), question.force);
    $('ask-no').focus();
  } else if (error.hint) {
    words += `\n${error.hint[0].toUpperCase()}${error.hint.slice(1)}.`;
  }
  say($('ask-problem'), words);
}

const change = (method, path, body) => ask(path, { method, body, token, ms: 15000 });

function askHandover(address = heir()) {
  askFirst({
    title: `Hand over to ${address ?? 'the next in line'}?`,
    text: `${view.status.goose} stops being goose, and ${address ?? 'the heir, which it alone knows,'} takes over at `
      + 'once.',
    verb: 'Hand over',
    send: () => change('POST', '/handover', address && JSON.stringify({ to: address })),
    done: (said) => `Handed over: ${said.goose} is the goose.`,
  });
}

function askDrain() {
  const self = view.status.self;
  const off = view.status.draining;
  askFirst({
    title: off ? `Stop draining ${self}?` : `Drain ${self}?`,
    text: off ? 'It may become goose again.'
      : 'It stops being goose, and does not become goose until you stop draining or it is started again. It goes on '
        + 'voting.',
    verb: off ? 'Stop draining' : 'Drain',
    send: () => change(off ? 'DELETE' : 'PUT', '/drain'),
    done: () => (off ? `${self} drains no more.` : `${self} is draining.`),
  });
}

function askRemove(address) {
  askFirst({
    title: `Remove ${address} from the flock?`,
    text: 'It loses its seat and its vote, and stays out, restarted or not, until goosectl undrain. The flock wants as '
      + 'many voters as before: the observer that waits longest takes the seat. Before it is started again without its '
      + 'state, take --peers off its command line.',
    verb: 'Remove',
    risk: 'Removing it all the same may leave too few live voters for a majority. Then there is no goose until enough '
      + 'of them come back; if their disks are lost, none ever again.',
    force: 'Remove it all the same',
    send: (forced) => change('DELETE', `/members/${encodeURIComponent(address)}${forced ? '?force=1' : ''}`),
    done: (said) => `Removed ${said.removed}${said.warning ? `; ${said.warning}` : ''}.`,
  });
}

// ---- begin ----

function animate() {
  if (selfIsGoose() && !calm.matches && !document.hidden) showLease();
  requestAnimationFrame(animate);
}

$('handover').onclick = () => askHandover();
$('drain').onclick = askDrain;
$('ask-no').onclick = () => $('ask').close();
$('ask-form').onsubmit = carryOut;
// Hidden pages leave the stream: a browser has only six connections to a node, for all its tabs.
document.addEventListener('visibilitychange', () => (document.hidden ? hush() : (streamTriedAt = -BACK_MS, listen())));
new ResizeObserver(showMembers).observe($('pond').parentNode);
showLink();
arrive();
keepLooking();
keepLease();
animate();

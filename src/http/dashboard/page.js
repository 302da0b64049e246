// page.js: the dashboard. It watches the node that served it (/events, /members, /history), and asks that node alone
// for changes. Others it only asks whether they live, and only when its own node is dead: then it moves to one that
// does. It never makes HTML out of text, and never shows as known what its node does not know.
'use strict';

const POLL_MS = 1000; // members, and whether the node lives
const LEASE_MS = 100; // the goose is asked for its lease three times in a lease, but not more often than this
const HIDDEN_MS = 10000; // nobody looks
const PATIENCE_MS = 1500; // for an answer
const CHOICE_MS = 100; // for better members to answer too, when one has
const BACK_MS = 5000; // until a broken stream of events is tried again
const SILENT_MS = 1000; // a member that the goose has not heard for so long is said to be silent
const DRAWN_MAX = 40; // members in the pond
const LISTED_MAX = 200; // and in the table
const NAME_MAX = 18; // letters of a name in the pond

const view = {
  status: null, // as /status and the events say it
  members: [],
  changes: [],
  changesOf: '', // what was known when they were asked for
  index: -1, // of the newest event
  leaseEnd: 0,
  leaseMost: 1,
  dead: false,
};

// ---- small things ----

const $ = (id) => document.getElementById(id);
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const isAddress = (text) => typeof text === 'string' && text.length < 80 && /^[\w.:[\]-]+:\d+$/.test(text);
const urlOf = (address) => 'http://' + address;

// Where it answers HTTP, or null: not known, or nowhere.
const siteOf = (member) => (member?.http_port && isAddress(member.address)
  ? member.address.replace(/\d+$/, member.http_port) : null);

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function make(name, className = '', text = '') {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}

function draw(name, attributes, text = '') {
  const node = document.createElementNS($('pond').namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

// What is read out to those who do not see it.
function announce(text) {
  say($('spoken'), text);
}

function notice(text) {
  say($('notice'), text);
}

function spanOf(ms) {
  if (ms < 10 && !Number.isInteger(ms)) return ms.toFixed(2) + ' ms';
  if (ms < 1000) return Math.round(ms) + ' ms';
  const s = Math.floor(ms / 1000);
  if (s < 60) return s + ' s';
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

// ---- asking ----

class Silence extends Error {}

const silence = () => {
  throw new Silence('no answer');
};

class Refusal extends Error {
  constructor(code, said) {
    super(said.error ?? `the answer was ${code}`);
    this.code = code;
    this.hint = said.hint ?? '';
  }
}

async function ask(path, { method = 'GET', body, token, ms = PATIENCE_MS } = {}) {
  const headers = { Accept: 'application/json' };
  if (token) headers.Authorization = 'Bearer ' + token;
  const options = { method, headers, body, cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(ms) };
  const answer = await fetch(path, options).catch(silence);
  const said = await answer.json().catch(answer.ok ? silence : () => ({}));
  if (!answer.ok) throw new Refusal(answer.status, said);
  return said;
}

// ---- what the node says becomes what is shown ----

const isSelf = (member) => member.address === view.status?.self;
const isGoose = (member) => member.address === view.status?.goose;
const selfIsGoose = () => view.status?.role === 'goose';
// Ducks do not talk to each other: only the goose can tell that one is silent.
const isSilent = (member) => selfIsGoose() && !isSelf(member) && !(member.last_heard_ms < SILENT_MS);

function placeInLine(member) {
  if (isGoose(member)) return 'goose';
  if (member.seat === 'observer') return 'observer';
  if (member.rank === null) return '';
  const n = member.rank + 1;
  const ending = n % 100 > 10 && n % 100 < 14 ? 'th' : ['th', 'st', 'nd', 'rd'][n % 10] ?? 'th';
  return n === 1 ? 'next' : n + ending;
}

// Goose, succession, other voters, observers; and among equals as the node lists them.
function inOrder(members) {
  const weight = (m) => (isGoose(m) ? -1 : m.seat === 'observer' ? 2000 : m.rank ?? 1000);
  return members.map((m, i) => [weight(m), i, m]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((row) => row[2]);
}

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
  showHead();
  if (turned || before.role !== status.role) {
    showMembers();
    refresh();
  }
}

function takeMembers(said) {
  view.members = inOrder(said.members);
  showMembers();
}

// ---- head, lease, facts ----

function showHead() {
  const s = view.status;
  say($('flock'), s.flock);
  say($('self'), s.self);
  say($('goose'), s.goose ?? 'No goose');
  const verb = view.dead ? 'was' : 'is';
  say($('claim'), `${verb} ${s.goose ? 'the goose' : 'known here'}, term ${s.term}`);
  say($('why'), s.why ? `Last change: ${s.why}` : '');
  say($('drain'), s.draining ? 'Stop draining…' : 'Drain this node…');
  $('handover').disabled = s.goose === null;
  document.title = `${s.goose ? 'Goose: ' + s.goose : 'No goose'} - ${s.flock}`;
  showLease();
  const facts = {
    'Role': s.role + (s.state === s.role ? '' : `, ${s.state}`) + (s.draining ? ', draining' : ''),
    'Seat': s.seat,
    'Running for': spanOf(s.uptime_ms),
    'Flock id': s.flock_id,
    'Roster': `${s.roster.term}.${s.roster.version}` + (s.settled ? ', settled' : ', not settled yet'),
    'Hold given': s.hold_ms > 0 ? spanOf(s.hold_ms) : 'none',
    'Datagrams': s.authenticated ? 'sealed with a key' : 'not sealed: no key',
  };
  while ($('facts').children.length < Object.keys(facts).length) {
    $('facts').append(make('div'));
    $('facts').lastChild.append(make('dt'), make('dd'));
  }
  Object.entries(facts).forEach(([name, value], i) => {
    const [dt, dd] = $('facts').children[i].children;
    say(dt, name);
    say(dd, value);
  });
}

// It runs down between two answers; when no more come, to its end.
function showLease() {
  const left = Math.max(0, view.leaseEnd - performance.now());
  $('bar').style.transform = `scaleX(${left / view.leaseMost})`;
  if (view.dead)
    say($('lease'), 'Lease: not known any more');
  else if (view.leaseEnd > 0)
    say($('lease'), left > 0 ? `Lease: ${spanOf(Math.round(left))} left, renewed all the while`
      : 'Lease: over, unless it was renewed since the last answer');
  else
    say($('lease'), view.status.goose === null ? 'Lease: none' : 'Lease: the goose alone knows what is left of it');
}

// ---- the table, which says all that the pond shows ----

const rows = new Map();

// On a phone these are no table to the style sheet, but they stay one to a screen reader.
function makeCell(name, role) {
  const cell = make(name);
  cell.setAttribute('role', role);
  return cell;
}

function makeRow(address) {
  const tr = makeCell('tr', 'row');
  const th = makeCell('th', 'rowheader');
  const name = make('a', '', address);
  const row = { tr, name, badge: make('span', 'badge', 'GOOSE'), seat: make('small') };
  th.append(name, ' ', row.badge, row.seat);
  for (const cell of ['line', 'trip']) row[cell] = makeCell('td', 'cell');
  row.heard = make('small');
  row.rtt = make('span');
  row.trip.append(row.rtt, row.heard);
  const todo = makeCell('td', 'cell');
  row.buttons = make('div', 'buttons');
  row.give = make('button', '', 'Hand over…');
  row.give.setAttribute('aria-label', `Hand over to ${address}`);
  row.give.onclick = () => askHandover(address);
  row.remove = make('button', 'risky', 'Remove…');
  row.remove.setAttribute('aria-label', `Remove ${address} from the flock`);
  row.remove.onclick = () => askRemove(address);
  row.buttons.append(row.give, row.remove);
  todo.append(row.buttons);
  tr.append(th, row.line, row.trip, todo);
  return row;
}

function heardWords(member) {
  if (isSelf(member)) return 'this node';
  if (!selfIsGoose() && !isGoose(member)) return 'known to the goose';
  if (member.last_heard_ms === null) return 'not heard yet';
  if (isSilent(member)) return `silent for ${spanOf(member.last_heard_ms)}`;
  return member.last_heard_ms < SILENT_MS ? 'heard just now' : `heard ${spanOf(member.last_heard_ms)} ago`;
}

function fillRow(row, member) {
  row.tr.className = isGoose(member) ? 'goose' : '';
  row.badge.hidden = !isGoose(member);
  const priority = member.priority === null ? '' : `, priority ${member.priority}`;
  const site = siteOf(member);
  if (site) row.name.href = urlOf(site) + '/';
  else row.name.removeAttribute('href');
  say(row.seat, `${member.seat}${priority}${isSelf(member) ? ', serves this page' : ''}`);
  const place = placeInLine(member);
  say(row.line, place === '' ? '-' : place);
  const known = member.rtt_ms !== null && !isSilent(member);
  say(row.rtt, known ? spanOf(member.rtt_ms) : '');
  say(row.heard, (known ? 'round trip, ' : '') + heardWords(member));
  row.give.hidden = isGoose(member);
  row.buttons.hidden = member.seat !== 'voter';
}

function showRows() {
  const listed = view.members.slice(0, LISTED_MAX);
  const focused = document.activeElement;
  const there = new Set(listed.map((member) => member.address));
  for (const [address, row] of rows) {
    if (there.has(address)) continue;
    row.tr.remove();
    rows.delete(address);
  }
  listed.forEach((member, i) => {
    if (!rows.has(member.address)) rows.set(member.address, makeRow(member.address));
    const row = rows.get(member.address);
    fillRow(row, member);
    if ($('rows').children[i] !== row.tr) $('rows').insertBefore(row.tr, $('rows').children[i] ?? null);
  });
  if (focused !== document.activeElement && focused.isConnected) focused.focus();
  const rest = view.members.length - listed.length;
  say($('more'), rest > 0 ? `and ${rest} more; all are in /members` : '');
  const site = siteOf(view.members.find(isGoose));
  $('knows').hidden = selfIsGoose() || !site;
  if (site) $('goose-page').href = urlOf(site) + '/';
}

// ---- the pond ----

const drawn = new Map();

// As little of the addresses as tells them apart: the port, the first word of the name, the host, or all.
function shorter(addresses) {
  const host = (a) => a.slice(0, a.lastIndexOf(':'));
  const ways = [(a) => a.slice(a.lastIndexOf(':')), (a) => (/^[\d[]/.test(a) ? host(a) : host(a).split('.')[0]), host];
  const tells = (way) => addresses.length > 1 && new Set(addresses.map(way)).size === addresses.length;
  const way = ways.find(tells) ?? ((a) => a);
  return (a) => (way(a).length > NAME_MAX ? way(a).slice(0, NAME_MAX) + '…' : way(a));
}

function makeNode() {
  const g = draw('g', { class: 'node' });
  const size = draw('g', {});
  const bob = draw('g', { class: 'bob' });
  const node = { g, size, bird: draw('use', {}), name: draw('text', {}), what: draw('text', { class: 'what' }) };
  bob.append(node.bird);
  size.append(draw('ellipse', { class: 'halo', cx: -6, cy: 13, rx: 76, ry: 17 }), bob);
  g.append(size, node.name, node.what);
  return node;
}

function whatIsIt(member) {
  const words = isGoose(member) ? ['GOOSE'] : [];
  if (isSilent(member)) words.push(`silent ${spanOf(member.last_heard_ms ?? 0)}`);
  else if (!isGoose(member)) words.push(placeInLine(member) + (member.rank === null ? '' : ' in line'));
  if (isSelf(member) && view.status.draining) words.push('draining');
  return words.filter((word) => word !== '').join(', ');
}

// The goose in the middle, the others around it in the order of the succession, clockwise from the top.
function layOut(members, short) {
  const width = Math.max(280, $('pond').parentNode.clientWidth);
  const ring = members.filter((member) => !isGoose(member));
  const scale = Math.min(1, Math.max(0.68, width / 640));
  const height = Math.round(Math.min(520, Math.max(330, width * 0.72)) + (ring.length > 8 ? 60 : 0));
  const rx = width / 2 - 62 * scale;
  const ry = height / 2 - 62 * scale;
  const gap = (Math.PI * (rx + ry)) / Math.max(1, ring.length);
  const size = Math.min(scale, gap / 80);
  const start = ring.length === 2 ? Math.PI : -Math.PI / 2;
  const at = new Map(members.map((member) => {
    const angle = start + (2 * Math.PI * ring.indexOf(member)) / Math.max(1, ring.length);
    return [member, isGoose(member) ? { x: width / 2, y: height / 2, size: scale }
      : { x: width / 2 + rx * Math.cos(angle), y: height / 2 + ry * Math.sin(angle) - 6, size }];
  }));
  const longest = Math.max(8, ...ring.map((member) => short(member.address).length));
  return { width, height, at, names: gap > 7 * longest };
}

// The birds swim to a new place, but not because the window has another size.
function showWater({ width, height }) {
  const size = `0 0 ${width} ${height}`;
  $('nodes').classList.toggle('still', $('pond').getAttribute('viewBox') !== size);
  if ($('pond').getAttribute('viewBox') === size) return;
  $('pond').setAttribute('viewBox', size);
  const middle = { cx: width / 2, cy: height / 2 };
  const ring = (part) => draw('ellipse', { class: 'ring', ...middle, rx: width * part, ry: height * part });
  const banks = { x: 6, y: 6, width: width - 12, height: height - 12, rx: Math.min(width, height) * 0.42 };
  const shore = draw('rect', { class: 'shore', width, height });
  $('water').replaceChildren(shore, draw('rect', { class: 'water', ...banks }), ...[0.2, 0.31, 0.4].map(ring));
}

// A link leaves room for the birds and what is written below them.
function endsOf(from, to) {
  const down = to.y - from.y;
  const level = Math.abs(down) < 60 * from.size;
  const b = level ? { x: to.x - Math.sign(to.x - from.x) * 46 * to.size, y: to.y }
    : { x: to.x, y: to.y + (down < 0 ? 48 : -34) * to.size };
  const angle = Math.atan2(b.y - from.y, b.x - from.x);
  const away = { x: 84 * from.size, y: (down < 0 ? 84 : 70) * from.size };
  return [{ x: from.x + away.x * Math.cos(angle), y: from.y + away.y * Math.sin(angle) }, b];
}

const hasRoom = (a, b) => Math.abs(a.x - b.x) > 64 || Math.abs(a.y - b.y) > 24;

function showLinks(place) {
  const goose = [...place.at.keys()].find(isGoose);
  const parts = [];
  if (!goose) {
    const middle = { class: 'nobody', x: place.width / 2, y: place.height / 2 };
    parts.push(draw('text', middle, view.status.goose ? 'the goose is not in the list yet' : 'no goose'));
  }
  for (const [member, to] of goose ? place.at : []) {
    if (member === goose) continue;
    const from = place.at.get(goose);
    const known = selfIsGoose() || isSelf(member);
    const look = isSilent(member) ? 'silent' : known ? '' : 'unknown';
    const [a, b] = endsOf(from, to);
    parts.push(draw('line', { class: 'wire ' + look, x1: a.x, y1: a.y, x2: b.x, y2: b.y }));
    if (member.rtt_ms !== null && look === '' && place.names && hasRoom(a, b))
      parts.push(draw('text', { class: 'trip', x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, spanOf(member.rtt_ms)));
  }
  $('links').replaceChildren(...parts);
}

function showNode(node, member, place, to, short) {
  const goose = isGoose(member);
  const look = isSilent(member) ? 'silent' : member.role === null && !goose ? 'unknown' : '';
  node.g.setAttribute('class', `node ${goose ? 'goose' : ''} ${look}`);
  node.g.style.transform = `translate(${to.x}px, ${to.y}px)`;
  const turn = to.x > place.width / 2 + 1 ? -1 : 1;
  node.size.setAttribute('transform', `scale(${turn * to.size} ${to.size})`);
  const box = goose ? { x: -56, y: -80, width: 112, height: 100 } : { x: -36, y: -36, width: 72, height: 48 };
  for (const [key, value] of Object.entries({ href: goose ? '#goose-shape' : '#duck', ...box }))
    node.bird.setAttribute(key, value);
  const below = (goose ? 38 : 26) * to.size;
  node.name.setAttribute('y', goose ? below + 16 : below);
  node.what.setAttribute('y', goose ? below : below + 15);
  const named = goose || place.names;
  say(node.name, named ? short(member.address) + (isSelf(member) ? ' (here)' : '') : '');
  say(node.what, named ? whatIsIt(member) : '');
}

function showPond() {
  const shown = view.members.slice(0, DRAWN_MAX);
  const short = shorter(shown.map((member) => member.address));
  const place = layOut(shown, short);
  showWater(place);
  showLinks(place);
  for (const [address, node] of drawn) {
    if (shown.some((member) => member.address === address)) continue;
    node.g.remove();
    drawn.delete(address);
  }
  for (const [member, to] of place.at) {
    if (!drawn.has(member.address)) {
      drawn.set(member.address, makeNode());
      $('nodes').append(drawn.get(member.address).g);
    }
    showNode(drawn.get(member.address), member, place, to, short);
  }
  const voters = view.members.filter((member) => member.seat === 'voter').length;
  const others = view.members.length - voters;
  const hidden = view.members.length - shown.length;
  const count = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;
  say($('caption'), `The pond: ${count(voters, 'voter')}${others > 0 ? `, ${count(others, 'observer')}` : ''}. `
    + (view.status.goose ? `${view.status.goose} is the goose. ` : 'No goose is known. ')
    + (hidden > 0 ? `${hidden} are not drawn. ` : '') + 'The table says the same.');
}

function showMembers() {
  if (!view.status) return;
  view.members = inOrder(view.members);
  showRows();
  showPond();
}

// ---- history ----

function showHistory() {
  const newest = view.changes.slice().reverse();
  $('history').replaceChildren(...newest.map((change, i) => {
    const at = new Date(change.at);
    const until = i === 0 ? Date.now() : new Date(newest[i - 1].at);
    const li = make('li', change.to ? '' : 'none');
    const time = make('time', '', at.toLocaleString());
    time.dateTime = change.at;
    const what = change.to ? `${change.to} is goose` : 'no goose';
    const reign = `, term ${change.term}, for ${spanOf(Math.max(0, until - at))}${i === 0 ? ' now' : ''}`;
    li.append(make('b', '', what), make('small', '', change.why), make('small'));
    li.lastChild.append(time, reign);
    return li;
  }));
}

// ---- live ----

let stream = null;
let streamTriedAt = -BACK_MS;
let failures = 0;

function showLink() {
  const live = stream?.readyState === EventSource.OPEN;
  const [state, words] = view.dead ? ['dead', 'no answer'] : !view.status ? ['wait', 'connecting']
    : live ? ['live', 'live'] : ['wait', 'live once a second'];
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
  if (view.status) showHead();
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

function askHandover(address) {
  askFirst({
    title: address ? `Hand over to ${address}?` : 'Hand over to the next in line?',
    text: `${view.status.goose} stops being goose, and ${address ?? 'the first in line'} takes over at once.`,
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
    text: 'It loses its seat and its vote. It comes back only as a new member, when it is started without its state.',
    verb: 'Remove',
    risk: 'Removing it all the same may leave too few live voters for a majority. Then there is no goose until enough '
      + 'of them come back; if their disks are lost, none ever again.',
    force: 'Remove it all the same',
    send: (forced) => change('DELETE', `/members/${encodeURIComponent(address)}${forced ? '?force=1' : ''}`),
    done: (said) => `Removed ${said.removed}.`,
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

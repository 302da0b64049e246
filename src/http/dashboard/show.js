// show.js: what is known becomes what is seen: head, table, pond, history. It never makes HTML out of text, and never
// shows as known what the node does not know.
'use strict';

const DRAWN_MAX = 40; // members in the pond
const LISTED_MAX = 200; // and in the table
const NAME_MAX = 18; // letters of a name in the pond, at most

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
  allow($('handover'), cannotChange() || (selfIsGoose() && !heir() ? 'Nobody is in line' : ''));
  allow($('drain'), view.dead ? NO_ANSWER : '');
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

// ---- what can be done, how it is, and why ----

const NO_ANSWER = 'This node does not answer';

function allow(button, why) {
  button.disabled = why !== '';
  button.title = why;
}

const cannotChange = () => (view.dead ? NO_ANSWER : view.status.goose ? '' : 'There is no goose that could do it');
const cannotLead = (member) => (member.priority === 0 ? 'Its priority is 0: it is never goose'
  : isSilent(member) ? 'It is silent' : '');

function showHealth() {
  const { voters, alive, known, needed } = health();
  const wanted = view.wanted > voters ? `; ${view.wanted} are wanted` : '';
  const rest = alive < needed ? `a goose needs ${needed}` : `may lose ${alive - needed || 'none'}`;
  const look = alive < needed ? 'lost' : alive < voters || wanted ? 'weak' : 'well';
  const shown = voters > 0 && !view.dead;
  $('health').dataset.health = shown && known ? look : '';
  say($('health'), !shown ? '' : known ? `${alive} of ${voters} voters answer, ${rest}${wanted}`
    : `${voters} voters${wanted}`);
  say($('trouble'), view.why && !view.dead ? troubles(view.why).join(' ') : '');
}

// In the words of goosectl why (ctl/explain.c), which asks all nodes; this one knows what it finds out itself.
function troubles(why) {
  const { voters, alive, known, needed } = health();
  const flags = {
    failed: 'cannot save its state: it will not be goose, and must be looked after',
    two_geese: 'hears two geese of this flock: two machines with one --self have founded it twice, or a state file was '
      + 'put back; stop one side, and let it join without its state',
    removed: 'was removed by an operator: it stays out until undrain',
    listening: 'listens first whether a flock knows it',
    draining: 'is draining: it will not be goose until undrain, or a restart',
  };
  const said = Object.keys(flags).filter((flag) => why[flag]).map((flag) => `${why.self} ${flags[flag]}.`);
  for (const other of why.other_versions)
    said.push(`${why.self} hears nothing from ${other}, which speaks another version: run one version of goosed `
      + 'everywhere.');
  if (view.status.goose) return said;
  if (why.quarantine_ms > 0)
    said.push(`${why.self} has restarted and waits ${spanOf(why.quarantine_ms)} more, because it does not remember `
      + 'what it promised.');
  said.unshift(voters > 0 ? 'There is no goose.' : `${why.self} is in no flock yet.`);
  if (voters === 0 && !why.listening)
    said.push('None that its --join names has let it in: look whether they run, can be reached, and have the same '
      + '--flock and --key-file.');
  if (voters > 0 && known)
    said.push(`Of ${voters} voters ${alive} answer; a goose needs ${needed}.`, alive < needed
      ? `Start ${needed - alive} more with the state they have, or mend the way to them.`
      : 'So there should be one in a moment; if not, goosectl why asks the others, too.');
  return said;
}

// It runs down between two answers; when no more come, to its end. A duck has none.
function showLease() {
  $('lease').parentNode.hidden = !selfIsGoose();
  const left = Math.max(0, view.leaseEnd - performance.now());
  $('bar').style.transform = `scaleX(${left / view.leaseMost})`;
  if (view.dead)
    say($('lease'), 'Lease: not known any more');
  else
    say($('lease'), left > 0 ? `Lease: ${spanOf(Math.round(left))} left, renewed all the while`
      : 'Lease: over, unless it was renewed since the last answer');
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

function silentWords(member) {
  if (member.uid === null) return 'not claimed yet';
  return selfIsGoose() && member.last_heard_ms !== null ? `silent for ${spanOf(member.last_heard_ms)}` : 'silent';
}

function heardWords(member) {
  if (isSelf(member)) return 'this node';
  if (isSilent(member)) return silentWords(member);
  if (isSilent(member) === undefined) return 'not heard yet';
  if (!selfIsGoose() && !isGoose(member)) return 'answers';
  return member.last_heard_ms < SILENT_MS ? 'heard just now' : `heard ${spanOf(member.last_heard_ms)} ago`;
}

function fillRow(row, member) {
  row.tr.className = isGoose(member) ? 'goose' : isSilent(member) ? 'silent' : '';
  row.badge.hidden = !isGoose(member);
  const priority = member.priority === null ? '' : `, priority ${member.priority}`;
  const site = siteOf(member);
  if (site) row.name.href = urlOf(site) + '/';
  else row.name.removeAttribute('href');
  say(row.seat, `${member.seat}${priority}${isSelf(member) ? ', serves this page' : ''}`);
  const place = placeInLine(member);
  say(row.line, place === '' ? '-' : place);
  const trip = member.rtt_ms ?? view.links.get(member.address)?.rtt_us / 1000;
  const known = trip >= 0 && !isSilent(member) && !isSelf(member);
  say(row.rtt, known ? spanOf(trip) : '');
  say(row.heard, (known ? 'round trip, ' : '') + heardWords(member));
  row.give.hidden = isGoose(member);
  row.buttons.hidden = member.seat !== 'voter';
  if (row.buttons.hidden) return;
  allow(row.give, cannotChange() || cannotLead(member));
  allow(row.remove, cannotChange() || (health().voters === 1 ? 'The only voter cannot be removed' : ''));
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
function shorter(addresses, most) {
  const host = (a) => a.slice(0, a.lastIndexOf(':'));
  const ways = [(a) => a.slice(a.lastIndexOf(':')), (a) => (/^[\d[]/.test(a) ? host(a) : host(a).split('.')[0]), host];
  const tells = (way) => addresses.length > 1 && new Set(addresses.map(way)).size === addresses.length;
  const way = ways.find(tells) ?? ((a) => a);
  const cut = (name) => name.slice(0, most / 2) + '…' + name.slice(1 - most / 2);
  return (a) => (way(a).length > most ? cut(way(a)) : way(a));
}

function makeNode() {
  const g = draw('g', { class: 'node' });
  const size = draw('g', {});
  const bob = draw('g', { class: 'bob' });
  const node = { g, size, bird: draw('use', {}), name: draw('text', {}), what: draw('text', { class: 'what' }),
    title: draw('title', {}) };
  bob.append(node.bird);
  size.append(draw('ellipse', { class: 'halo', cx: -6, cy: 13, rx: 76, ry: 17 }), bob);
  g.append(node.title, size, node.name, node.what);
  return node;
}

function whatIsIt(member) {
  if (isGoose(member)) return 'GOOSE';
  const line = placeInLine(member) + (member.rank === null ? '' : ' in line');
  const words = [isSilent(member) ? silentWords(member) : line];
  if (isSelf(member)) words.push('this node', view.status.draining ? 'draining' : '');
  return words.filter((word) => word !== '').join(', ');
}

// The goose in the middle, the others around it in the order of the succession, clockwise from the top.
function layOut(members, short, width) {
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
  return { width, height, at, names: gap > 8 * longest };
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

// A round trip is not written over what stands below a bird.
const hasRoom = (at, bird) => Math.abs(at.x - bird.x) > 54 || at.y < bird.y || at.y > bird.y + 44;

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
    const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    if (member.rtt_ms !== null && look === '' && place.names && hasRoom(middle, to))
      parts.push(draw('text', { class: 'trip', ...middle }, spanOf(member.rtt_ms)));
  }
  $('links').replaceChildren(...parts);
}

function showNode(node, member, place, to, short) {
  const goose = isGoose(member);
  const look = isSilent(member) ? 'silent' : isSilent(member) === undefined ? 'unknown' : '';
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
  say(node.title, member.address);
  say(node.name, named ? short(member.address) : '');
  say(node.what, named ? whatIsIt(member) : '');
  for (const text of [node.name, node.what]) {
    const half = text.getComputedTextLength() / 2 + 4;
    text.setAttribute('x', Math.min(Math.max(to.x, half), place.width - half) - to.x);
  }
}

function showPond() {
  const shown = view.members.slice(0, DRAWN_MAX);
  const width = Math.max(280, $('pond').parentNode.clientWidth);
  const short = shorter(shown.map((member) => member.address), Math.min(NAME_MAX, 2 * Math.floor(width / 50)));
  const place = layOut(shown, short, width);
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
  showHealth();
  showHead();
  showRows();
  showPond();
}

// ---- history ----

function showHistory() {
  const newest = view.changes.slice().reverse();
  const turns = newest.map((change, i) => {
    const at = Date.parse(change.at);
    const span = spanOf(Math.max(0, (i === 0 ? Date.now() : Date.parse(newest[i - 1].at)) - at));
    const what = change.to ? `${change.to} is goose` : 'no goose';
    const more = `, term ${change.term}, for ${span}${i === 0 ? ' now' : ''}`;
    return { at, what, why: change.why, more, look: change.to ? '' : 'none' };
  });
  const notes = view.notes.map((note) => ({ ...note, more: ', seen by this page', look: 'note' })).reverse();
  $('history').replaceChildren(...turns.concat(notes).sort((a, b) => b.at - a.at).map((line) => {
    const li = make('li', line.look);
    const iso = new Date(line.at).toISOString();
    const time = make('time', '', `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`);
    time.dateTime = iso;
    li.append(make('b', '', line.what), make('small', '', line.why), make('small'));
    li.lastChild.append(time, line.more);
    return li;
  }));
}

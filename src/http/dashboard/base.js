// base.js: what the node has said, how it is asked, and words for it.
'use strict';

const PATIENCE_MS = 1500; // for an answer
const SILENT_MS = 1000; // a member that the goose has not heard for so long is said to be silent

const view = {
  status: null, // as /status and the events say it
  turnedAt: 0, // when the goose or the term changed last, or the page began
  members: [],
  wanted: null, // voters
  why: null, // as /why says it
  links: new Map(), // voters that this node has asked whether they hear it, by address
  changes: [],
  notes: [], // what happened to voters while this page was open
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
const heir = () => view.members.find((member) => member.rank === 0)?.address;

// Undefined: not known. Only the goose hears all, and a new one not yet; a duck asks the voters, see lookAround().
function isSilent(member) {
  if (isSelf(member)) return false;
  if (!selfIsGoose()) return isGoose(member) ? false : view.links.get(member.address)?.silent;
  if ((member.last_heard_ms ?? SILENT_MS) < SILENT_MS) return false;
  return performance.now() - view.turnedAt > SILENT_MS || undefined;
}

function health() {
  const voters = view.members.filter((member) => member.seat === 'voter');
  const count = (silent) => voters.filter((member) => isSilent(member) === silent).length;
  const needed = Math.floor(voters.length / 2) + 1;
  return { voters: voters.length, alive: count(false), known: count(undefined) === 0, needed };
}

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

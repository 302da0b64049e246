#!/usr/bin/env python3
"""browser.py: a headless Chromium that a scenario drives line by line; only Python's own library, and Chromium's own
debugging protocol over a pipe. Each line on standard input is one command, each gets one line of JSON:

  open URL            loads it and waits until it is there
  size WIDTH HEIGHT   of the window; less than 600 wide is a phone
  media NAME VALUE    prefers-color-scheme dark, prefers-reduced-motion reduce, ...
  eval JAVASCRIPT     its value
  wait SECONDS JS     until it is true: null, or {"waited": ...} when the time is over
  key NAME            pressed: Tab, Enter, Escape
  shot FILE           a picture of the page as a whole
  noise               since the last time: what was thrown, logged as an error or refused by a policy, and hosts asked
"""
import base64
import json
import os
import select
import subprocess
import sys
import time
from urllib.parse import urlsplit

PATIENCE_S = 20
KEYS = {'Tab': 9, 'Enter': 13, 'Escape': 27}


class Browser:
    def __init__(self, profile):
        ours, theirs = os.pipe(), os.pipe()
        command = ['chromium', '--headless', '--no-sandbox', '--remote-debugging-pipe', '--no-first-run',
                   '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking',
                   '--disable-component-update', '--disable-sync', '--no-default-browser-check',
                   '--user-data-dir=' + profile, 'about:blank']
        # Chromium reads commands from descriptor 3 and writes to 4.
        shell = ['sh', '-c', f'exec "$@" 3<&{theirs[0]} 4>&{ours[1]} 2>{profile}.log', 'sh']
        self.process = subprocess.Popen(shell + command, pass_fds=(theirs[0], ours[1]), stdin=subprocess.DEVNULL)
        os.close(theirs[0])
        os.close(ours[1])
        self.read_fd, self.write_fd = ours[0], theirs[1]
        self.rest, self.last_id, self.session = b'', 0, None
        self.noise, self.hosts, self.loaded = [], set(), False
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(domain + '.enable')

    def hear(self, deadline):
        """The next message, or None when it is too late."""
        while b'\0' not in self.rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.read_fd], [], [], left)[0]:
                return None
            more = os.read(self.read_fd, 65536)
            if not more:
                raise RuntimeError('Chromium has ended')
            self.rest += more
        line, self.rest = self.rest.split(b'\0', 1)
        message = json.loads(line)
        if 'method' in message:
            self.note(message['method'], message['params'])
        return message

    def note(self, method, params):
        if method == 'Page.loadEventFired':
            self.loaded = True
        elif method == 'Runtime.exceptionThrown':
            details = params['exceptionDetails']
            self.noise.append('thrown: ' + details.get('exception', {}).get('description', details['text']))
        elif method == 'Runtime.consoleAPICalled' and params['type'] in ('error', 'warning', 'assert'):
            self.noise.append('console: ' + json.dumps(params['args']))
        elif method == 'Log.entryAdded' and params['entry']['level'] in ('error', 'warning'):
            entry = params['entry']
            self.noise.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        elif method == 'Network.requestWillBeSent':
            url = urlsplit(params['request']['url'])
            if url.scheme not in ('data', 'about'):
                self.hosts.add(url.netloc)

    def call(self, method, **params):
        self.last_id += 1
        message = {'id': self.last_id, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.write_fd, json.dumps(message).encode() + b'\0')
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self.hear(deadline)
            if answer is None:
                raise RuntimeError(f'no answer to {method}')
            if answer.get('id') == self.last_id:
                if 'error' in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer['result']

    def open(self, url):
        self.loaded = False
        self.call('Page.navigate', url=url)
        deadline = time.monotonic() + PATIENCE_S
        while not self.loaded:
            if self.hear(deadline) is None:
                raise RuntimeError(f'{url} does not load')

    def size(self, width, height):
        self.call('Emulation.setDeviceMetricsOverride', width=int(width), height=int(height),
                  deviceScaleFactor=1, mobile=int(width) < 600)

    def media(self, name, value):
        self.call('Emulation.setEmulatedMedia', features=[{'name': name, 'value': value}])

    def eval(self, script):
        got = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in got:
            raise RuntimeError(got['exceptionDetails'].get('exception', {}).get('description', 'thrown'))
        return got['result'].get('value')

    def wait(self, seconds, script):
        """The page may go elsewhere meanwhile, so what cannot be looked at is looked at again."""
        deadline = time.monotonic() + float(seconds)
        while True:
            try:
                value = self.eval(script)
            except RuntimeError as error:
                value = None
                said = str(error)
            else:
                said = value
            if value is True:
                return None
            if time.monotonic() > deadline:
                return {'waited': script, 'last': said}
            self.hear(time.monotonic() + 0.02)

    def key(self, name):
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=name, code=name, windowsVirtualKeyCode=KEYS[name],
                      **({'text': '\r'} if name == 'Enter' and kind == 'keyDown' else {}))

    def shot(self, path):
        height = self.eval('document.documentElement.scrollHeight')
        width = self.eval('innerWidth')
        clip = {'x': 0, 'y': 0, 'width': width, 'height': height, 'scale': 1}
        data = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=True, clip=clip)['data']
        with open(path, 'wb') as file:
            file.write(base64.b64decode(data))

    def tell_noise(self):
        self.hear(time.monotonic() + 0.05)
        told = {'noise': self.noise, 'hosts': sorted(self.hosts)}
        self.noise, self.hosts = [], set()
        return told


def main():
    browser = Browser(sys.argv[1])
    commands = {'open': (browser.open, 1), 'size': (browser.size, 2), 'media': (browser.media, 2),
                'eval': (browser.eval, 1), 'wait': (browser.wait, 2), 'key': (browser.key, 1),
                'shot': (browser.shot, 1), 'noise': (browser.tell_noise, 0)}
    print(json.dumps('ready'), flush=True)
    for line in sys.stdin:
        name, _, rest = line.rstrip('\n').partition(' ')
        function, count = commands[name]
        try:
            value = function(*rest.split(' ', count - 1)) if count else function()
        except (RuntimeError, ValueError) as error:
            value = {'error': str(error)}
        print(json.dumps(value), flush=True)
    browser.process.terminate()
    browser.process.wait()


main()

// No secret is where it does not belong: during a whole life, nothing of it is in the server's log,
// in anything but the body of a request, in the browser's storage, or readable in the database.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { DAY } from '../support/clock';
import type { Person } from '../support/person';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

test.use({ database: 'sqlite-behind-proxy', settings: { SESAME_LOG: 'debug' } });

interface Secret {
  what: string;
  text: string;
}

/** Collects every secret that passes between page and server, in either direction. */
function collect(person: Person): Secret[] {
  const secrets: Secret[] = [];
  const add = (what: string, value: unknown): void => {
    if (typeof value === 'string' && value !== '' && !secrets.some((secret) => secret.text === value)) secrets.push({ what, text: value });
  };
  const addAll = (json: Record<string, unknown>): void => {
    for (const field of ['password', 'secret', 'ticket', 'code', 'otpauth_uri']) {
      // An error's code is a word.
      if (field !== 'code' || /^\d{6}$/.test(String(json[field]))) add(field, json[field]);
    }
  };
  person.page.on('request', (request) => {
    if (request.method() === 'POST') addAll(JSON.parse(request.postData() || '{}'));
  });
  person.page.on('response', async (response) => {
    if (!response.url().includes('/api/')) return;
    const cookie = (await response.headersArray()).find(({ name, value }) => name.toLowerCase() === 'set-cookie' && /^sesame=./.test(value));
    add('session', cookie && /^sesame=([^;]+)/.exec(cookie.value)?.[1]);
    const body = await response.text().catch(() => '');
    if (body.startsWith('{')) addAll(JSON.parse(body));
  });
  return secrets;
}

/** The secret as text, and as the bytes that it stands for. */
function shapes({ what, text }: Secret): Buffer[] {
  const found: Buffer[] = [Buffer.from(text)];
  if (what === 'ticket' || what === 'session') found.push(Buffer.from(text, 'base64url'));
  if (what === 'secret') found.push(base32(text));
  if (what === 'password') found.push(Buffer.from(Buffer.from(text).toString('base64')));
  return found;
}

function base32(text: string): Buffer {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

/** Six digits also occur in times and random ids by chance; a code stands alone. */
function standsIn(haystack: Buffer, secret: Secret): boolean {
  if (secret.what !== 'code') return shapes(secret).some((shape) => haystack.includes(shape));
  return new RegExp(`(?<![0-9a-fA-F.])${secret.text}(?![0-9a-fA-F])`).test(haystack.toString('latin1'));
}

function expectNone(secrets: Secret[], haystack: Buffer, where: string): void {
  const leaked = secrets.filter((secret) => standsIn(haystack, secret)).map((secret) => secret.what);
  expect(leaked, `secrets in ${where}`).toEqual([]);
}

/** Everything that the browser keeps beyond this page. */
async function stored(person: Person): Promise<Buffer> {
  const text = await person.page.evaluate(async () =>
    JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      history.state,
      document.cookie,
      document.title,
      await indexedDB.databases(),
      await caches.keys(),
    ]),
  );
  return Buffer.from(text);
}

test('no secret is logged, stored, or sent in an address during a whole life', async ({ person, site }) => {
  const { t, page } = person;
  const secrets = collect(person);
  const addresses: string[] = [];
  page.on('request', (request) => addresses.push(request.url().replace(/#.*/, '')));
  const looks: Buffer[] = [];

  await person.registers(USERNAME);
  looks.push(await stored(person));
  const password = await person.claimsPassword();
  looks.push(await stored(person));
  const totp = await person.goesToAuthenticator(USERNAME);
  looks.push(await stored(person));
  await person.code.fill(await person.wrongCode(totp));
  await person.button(t.activate).click();
  await person.isTold(t.codeWrong);
  await person.activates(await person.nextCode(totp));
  await person.seesNoSecret(password, totp);
  looks.push(await stored(person));
  await person.signsOut();
  await person.sends(USERNAME, 'not-the-password-at-all', await person.nextCode(totp));
  await person.isTold(t.refused);
  await person.signsIn({ username: USERNAME, password, totp });
  await person.seesNoSecret(password, totp);
  const session = (await page.context().cookies()).find((cookie) => cookie.name === 'sesame')!;
  expect(session.httpOnly).toBe(true);
  expect(session.sameSite).toBe('Strict');
  await person.signsOut();
  site.clock.advance(184 * DAY);
  await person.sends(USERNAME, password, await person.nextCode(totp));
  await person.button(t.renewNow).click();
  const renewed = await person.enrols(USERNAME);
  await person.button(t.renew).click();
  await person.code.fill(await person.nextCode(renewed.totp));
  await person.button(t.renew).click();
  await person.arrivesAt(t.claimTitle);
  await person.claimsPassword();
  looks.push(await stored(person));
  await person.signsIn(renewed);
  looks.push(await stored(person));

  const kinds = new Set(secrets.map((secret) => secret.what));
  expect([...kinds].sort()).toEqual(['code', 'otpauth_uri', 'password', 'secret', 'session', 'ticket']);
  expect(secrets.length).toBeGreaterThan(20);

  const database = (): Buffer => {
    const folder = path.join(site.folder, 'data');
    const files = readdirSync(folder);
    expect(files).toContain('sesame.db');
    return Buffer.concat(files.map((file) => readFileSync(path.join(folder, file))));
  };
  expectNone(secrets, database(), 'the database while it is in use');

  for (const look of looks) expectNone(secrets, look, 'what the browser keeps');
  expectNone(secrets, Buffer.from(addresses.join('\n')), 'the addresses that the browser asked for');
  const passed = site.proxy!.passed;
  expect(passed.filter((request) => request.target.startsWith('/api/')).length).toBeGreaterThan(10);
  expectNone(secrets, Buffer.from(passed.map((request) => `${request.target}\n${request.headers}`).join('\n')), 'request lines and headers');
  for (const { method, target } of passed) if (target.startsWith('/api/')) expect(`${method} ${target}`).toMatch(/^POST \/api\/[a-z2-]+$/);

  await site.servers[0]!.stop();
  const { log } = site.servers[0]!;
  expect(log).toContain('"DEBUG"');
  expectNone(secrets, Buffer.from(withoutTimes(log)), 'the log');
  expectNone(secrets, database(), 'the database after the server has stopped');
});

/** The log without what holds digits by chance. */
function withoutTimes(log: string): string {
  return log
    .split('\n')
    .map((line) => {
      try {
        const { timestamp: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
        return JSON.stringify(rest);
      } catch {
        return line;
      }
    })
    .join('\n');
}

test('a page that was left does not keep its secrets for the Back button or the cache', async ({ person }) => {
  const { page } = person;
  const answers: { path: string; cache: string }[] = [];
  page.on('response', (response) =>
    answers.push({ path: new URL(response.url()).pathname, cache: response.headers()['cache-control'] ?? '' }),
  );
  await person.registers(USERNAME);
  const password = await person.claimsPassword();
  await page.goto(`${person.site.url}/aide`);
  await page.goBack();
  await person.pageIsReady();
  await person.seesNoSecret(password);
  const kept = answers.filter(({ path }) => !/\.(js|css|wasm|svg)$/.test(path)).filter(({ cache }) => !cache.includes('no-store'));
  expect(kept).toEqual([]);
});

test.describe('script that got into the page', () => {
  test.use({ tolerated: /Content.Security.Policy|^policy: |hydrat|unreachable|panicked/i });

  test('does not run, and reaches nobody', async ({ page }) => {
    const injected =
      '<script>owned = 1</script><b onclick="owned = 1">x</b><img src="https://thief.example/x">' +
      '<form id="thief" action="https://thief.example/"></form><base href="https://thief.example/">';
    await page.route('/compte/nouveau', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace('<body>', `<body>${injected}`);
      await route.fulfill({ response, body });
    });
    const seen = new Set<string>();
    await page.exposeFunction('saw', (directive: string) => seen.add(directive));
    await page.addInitScript(() =>
      addEventListener('securitypolicyviolation', (event) =>
        (window as unknown as { saw(directive: string): void }).saw(event.effectiveDirective),
      ),
    );
    await page.goto('/compte/nouveau');
    await page.evaluate(() => {
      document.querySelector('b')!.click();
      document.querySelector<HTMLFormElement>('#thief')!.submit();
      void fetch('https://thief.example/').catch(() => undefined);
    });
    await expect
      .poll(() => [...seen].sort())
      .toEqual(['base-uri', 'connect-src', 'form-action', 'img-src', 'script-src-attr', 'script-src-elem']);
    expect(await page.evaluate(() => 'owned' in window)).toBe(false);
  });
});

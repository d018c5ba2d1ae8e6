// An account's whole life, in a real browser against the real binary.

import { DAY, MINUTE } from '../support/clock';
import type { Person } from '../support/person';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

async function wholeLife(person: Person): Promise<void> {
  const { t, page, site } = person;

  // An account is created, and its secrets are proved.
  const old = await person.createsAccount(USERNAME);
  await person.standsAt(USERNAME);
  await untilSixMonths(person, site.clock.now());

  // Signing out closes the session, signing in takes all three.
  await person.signsOut();
  await page.goto(`${site.url}/compte`);
  await expect(page.getByText(t.signInNeeded)).toBeVisible();
  await person.sends(USERNAME, old.password, await person.nextCode(old.totp));
  await person.isInTheAccountOf(USERNAME);
  await page.reload();
  await expect(page.getByText(t.validUntil)).toBeVisible();
  await person.signsOut();

  // Six months later the old secrets lead, in the same page, to new ones.
  site.clock.advance(184 * DAY);
  await person.sends(USERNAME, old.password, await person.codeNow(old.totp));
  await person.arrivesAt(t.expiredTitle);
  await expect(page).toHaveURL(`${site.url}/`);
  expect(await page.context().cookies().then((all) => all.map((cookie) => cookie.name))).not.toContain('sesame');
  await person.button(t.renewNow).click();
  await person.arrivesAt(t.claimTitle);
  const renewed = await person.enrols(USERNAME);
  expect(renewed.password).not.toBe(old.password);
  expect(renewed.totp).not.toBe(old.totp);
  await untilSixMonths(person, site.clock.now());
  await person.signsOut();

  // The old ones are worth nothing, alone or mixed with the new.
  for (const [password, totp] of [
    [old.password, old.totp],
    [old.password, renewed.totp],
    [renewed.password, old.totp],
  ] as const) {
    await person.sends(USERNAME, password, await person.nextCode(totp));
    await person.isTold(t.refused);
    await expect(page).toHaveURL(`${site.url}/`);
  }
  await person.sends(USERNAME, renewed.password, await person.nextCode(renewed.totp));
  await person.isInTheAccountOf(USERNAME);
}

/** The date shown is six calendar months away, or up to a week less. */
async function untilSixMonths(person: Person, now: Date): Promise<void> {
  const shown = await person.readsValidUntil();
  const latest = new Date(now);
  latest.setUTCMonth(latest.getUTCMonth() + 6);
  expect(shown.getTime()).toBeLessThan(latest.getTime() + DAY * 1000);
  expect(shown.getTime()).toBeGreaterThan(latest.getTime() - 8 * DAY * 1000);
}

test.describe('on SQLite', () => {
  test('an account lives from its creation to new secrets six months later', ({ person }) => wholeLife(person));
});

test.describe('on SQLite, in English', () => {
  test.use({ lang: 'en' });
  test('an account lives from its creation to new secrets six months later', ({ person }) => wholeLife(person));
});

test.describe('on PostgreSQL, with two servers taking turns', () => {
  test.use({ database: 'postgres' });
  test('an account lives from its creation to new secrets six months later', async ({ person, site }) => {
    await wholeLife(person);
    const calls = site.proxy!.passed.filter((request) => request.target.startsWith('/api/'));
    for (const server of [0, 1]) {
      expect(calls.filter((call) => call.server === server).length, `calls answered by server ${server}`).toBeGreaterThan(5);
    }
  });
});

test('a renewal left half-way changes nothing: the old secrets still lead to it', async ({ person }) => {
  const { t, site } = person;
  const old = await person.createsAccount(USERNAME);
  await person.signsOut();
  site.clock.advance(184 * DAY);
  await person.sends(USERNAME, old.password, await person.codeNow(old.totp));
  await person.button(t.renewNow).click();
  const dropped = await person.claimsPassword();
  await person.goesToAuthenticator(USERNAME);

  await person.opens('/');
  await person.sends(USERNAME, dropped, await person.nextCode(old.totp));
  await person.isTold(t.refused);
  await person.sends(USERNAME, old.password, await person.nextCode(old.totp));
  await person.arrivesAt(t.expiredTitle);
  await person.button(t.signOut).click();
  await person.arrivesAt(t.signInTitle);

  await person.sends(USERNAME, old.password, await person.nextCode(old.totp));
  await person.button(t.renewNow).click();
  const renewed = await person.enrols(USERNAME);
  await person.signsOut();
  await person.signsIn(renewed);
});

test('secrets can be renewed early from the account, and the old ones work until the new are proved', async ({
  person,
  other,
}) => {
  const { t, page } = person;
  const old = await person.createsAccount(USERNAME);
  await person.button(t.renew).click();
  await expect(page.getByRole('heading', { level: 2, name: t.renew })).toBeFocused();
  await person.code.fill(await person.nextCode(old.totp));
  await person.button(t.renew).click();
  await person.arrivesAt(t.claimTitle);
  const password = await person.claimsPassword();
  const totp = await person.goesToAuthenticator(USERNAME);

  await other.signsIn(old);

  await person.activates(await person.nextCode(totp));
  await other.opens('/');
  await other.sends(USERNAME, old.password, await other.nextCode(old.totp));
  await other.isTold(t.refused);
  await other.sends(USERNAME, password, await other.nextCode(totp));
  await other.isInTheAccountOf(USERNAME);
});

test('a name is folded to small letters, and signs in however it is typed', async ({ person }) => {
  await person.registers('  Camille.ROUX ');
  const secrets = await person.enrols(USERNAME);
  await person.standsAt(USERNAME);
  await person.signsOut();
  await person.sends('CAMILLE.Roux', secrets.password, await person.nextCode(secrets.totp));
  await person.isInTheAccountOf(USERNAME);
});

test('a code may be typed with the gap that authenticators show', async ({ person }) => {
  await person.registers(USERNAME);
  await person.claimsPassword();
  const totp = await person.goesToAuthenticator(USERNAME);
  const code = await person.codeNow(totp);
  await person.activates(` ${code.slice(0, 3)} ${code.slice(3)}`);
});

test('a password that was saved leads back to the second step, without any code', async ({ person }) => {
  const { t, site } = person;
  await person.registers(USERNAME);
  const password = await person.claimsPassword();
  site.clock.advance(20 * MINUTE);
  await person.opens('/');
  await person.sends(USERNAME, password, '');
  await person.arrivesAt(t.resumeTitle);
  const totp = await person.goesToAuthenticator(USERNAME);
  await person.activates(await person.nextCode(totp));
});

test('copying gives the secrets whole, without the gaps they are shown with', async ({ person, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { t, page } = person;
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await person.registers(USERNAME);
  const password = await person.claimsPassword();
  await person.button(t.copy).click();
  await expect(page.getByText(t.copied)).toBeVisible();
  expect(await clipboard()).toBe(password);
  const totp = await person.goesToAuthenticator(USERNAME);
  await person.button(t.copyKey).click();
  await expect(page.getByText(t.copied)).toBeVisible();
  expect(await clipboard()).toBe(totp);
});

// The server goes away in mid-flow and comes back: the person is told, loses nothing, and the same
// button works afterwards.

import type { Person } from '../support/person';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

/** Presses `button` while the server is away, is told, and leaves the server running again. */
async function pressesInVain(person: Person, button: string, typed: () => Promise<void>): Promise<void> {
  const [server] = person.site.servers;
  await server!.stop();
  await person.button(button).click();
  await person.isTold(person.t.unavailable);
  await typed();
  // Still away: still told, still nothing lost.
  await person.button(button).click();
  await person.isTold(person.t.unavailable);
  await typed();
  await server!.start();
}

test('while an account is created', async ({ person }) => {
  const { t } = person;
  await person.goesToCreation();
  await person.username.fill(USERNAME);
  await pressesInVain(person, t.createMyAccount, async () => expect(person.username).toHaveValue(USERNAME));
  await person.button(t.createMyAccount).click();
  await person.arrivesAt(t.claimTitle);
  await person.enrols(USERNAME);
});

test('while the password is claimed', async ({ person }) => {
  const { t } = person;
  await person.registers(USERNAME);
  const address = person.page.url();
  await pressesInVain(person, t.showPassword, async () => expect(person.page).toHaveURL(address));
  await person.enrols(USERNAME);
});

test('between the steps: the password stays on the page', async ({ person }) => {
  const { t } = person;
  await person.registers(USERNAME);
  const password = await person.claimsPassword();
  await pressesInVain(person, t.toAuthenticator, async () => expect(await person.readsPassword()).toBe(password));
  const totp = await person.goesToAuthenticator(USERNAME);
  await person.activates(await person.nextCode(totp));
});

test('while the authenticator is proved: QR code and typed code stay', async ({ person }) => {
  const { t } = person;
  await person.registers(USERNAME);
  await person.claimsPassword();
  const totp = await person.goesToAuthenticator(USERNAME);
  const code = await person.nextCode(totp);
  await person.code.fill(code);
  await pressesInVain(person, t.activate, async () => {
    await expect(person.code).toHaveValue(code);
    expect(await person.readsTotp(USERNAME)).toBe(totp);
  });
  // A person may have waited long: by then the code is another one.
  await person.activates(await person.nextCode(totp));
});

test('while signing in: all three fields stay', async ({ person }) => {
  const { t } = person;
  const { password, totp } = await person.createsAccount(USERNAME);
  await person.signsOut();
  const code = await person.nextCode(totp);
  await person.username.fill(USERNAME);
  await person.password.fill(password);
  await person.code.fill(code);
  await pressesInVain(person, t.signIn, async () => {
    await expect(person.username).toHaveValue(USERNAME);
    await expect(person.password).toHaveValue(password);
    await expect(person.code).toHaveValue(code);
  });
  await person.button(t.signIn).click();
  await person.isInTheAccountOf(USERNAME);
});

test('in the account: the page offers to try again, and the session has lived on', async ({ person, site }) => {
  const { t, page } = person;
  const secrets = await person.createsAccount(USERNAME);
  await pressesInVain(person, t.signOut, async () => expect(page.getByText(t.validUntil)).toBeVisible());
  await person.signsOut();

  await person.signsIn(secrets);
  await person.opens('/aide');
  await site.servers[0]!.stop();
  await page.getByRole('banner').getByRole('link', { name: t.myAccount }).click();
  await person.isTold(t.unavailable);
  await site.servers[0]!.start();
  await person.button(t.retry).click();
  await expect(page.getByText(t.validUntil)).toBeVisible();
  await person.standsAt(USERNAME);
});

test('while renewing early', async ({ person }) => {
  const { t } = person;
  const { totp } = await person.createsAccount(USERNAME);
  await person.button(t.renew).click();
  const code = await person.nextCode(totp);
  await person.code.fill(code);
  await pressesInVain(person, t.renew, async () => expect(person.code).toHaveValue(code));
  await person.button(t.renew).click();
  await person.arrivesAt(t.claimTitle);
  await person.enrols(USERNAME);
});

test('killed, not stopped: everything acknowledged is still there', async ({ person, site }) => {
  const { t } = person;
  const secrets = await person.createsAccount(USERNAME);
  await person.button(t.renew).click();
  await person.code.fill(await person.nextCode(secrets.totp));
  await person.button(t.renew).click();
  await person.arrivesAt(t.claimTitle);
  const password = await person.claimsPassword();
  await site.servers[0]!.kill();
  await person.button(t.toAuthenticator).click();
  await person.isTold(t.unavailable);
  await site.servers[0]!.start();
  const totp = await person.goesToAuthenticator(USERNAME);
  await person.activates(await person.nextCode(totp));
  await person.signsOut();
  await person.signsIn({ username: USERNAME, password, totp });
});

test('a proxy’s error page counts as an outage', async ({ person }) => {
  const { t, page } = person;
  await person.goesToCreation();
  await person.username.fill(USERNAME);
  await page.route('**/api/register', (route) =>
    route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>502 Bad Gateway</h1>' }),
  );
  await person.button(t.createMyAccount).click();
  await person.isTold(t.unavailable);
  await page.unroute('**/api/register');
  await person.button(t.createMyAccount).click();
  await person.arrivesAt(t.claimTitle);
});

test.describe('an answer that is lost on the way back', () => {
  /** The server does its part; its answer never arrives. */
  async function losesTheAnswerOf(person: Person, call: string, press: () => Promise<void>): Promise<void> {
    await person.page.route(`**/api/${call}`, async (route) => {
      await fetch(route.request().url(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: route.request().postData(),
      });
      await route.abort('connectionreset');
    });
    await press();
    await person.isTold(person.t.unavailable);
    await person.page.unroute(`**/api/${call}`);
  }

  test('of the claim: the page says that the ticket is spent, and where to go', async ({ person, site }) => {
    const { t } = person;
    await person.registers(USERNAME);
    await losesTheAnswerOf(person, 'generate-password', () => person.button(t.showPassword).click());
    await person.button(t.showPassword).click();
    await person.arrivesAt(t.spentTitle);
    site.clock.advance(25 * 3600);
    await person.registers(USERNAME);
    await person.enrols(USERNAME);
  });

  test('of the second step: the password leads back to it', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    const password = await person.claimsPassword();
    await losesTheAnswerOf(person, 'generate-2fa', () => person.button(t.toAuthenticator).click());
    await person.button(t.toAuthenticator).click();
    await person.arrivesAt(t.spentTitle);
    await person.opens('/');
    await person.sends(USERNAME, password, '');
    await person.arrivesAt(t.resumeTitle);
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.activates(await person.nextCode(totp));
  });

  test('of the proof: the account is active, and the secrets open it', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    const password = await person.claimsPassword();
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.code.fill(await person.nextCode(totp));
    await losesTheAnswerOf(person, 'activate', () => person.button(t.activate).click());
    await person.button(t.activate).click();
    await person.arrivesAt(t.spentTitle);
    await person.signsIn({ username: USERNAME, password, totp });
  });
});

// Reload, Back and Forward at every step of the enrolment: never a dead end, never a secret twice.

import type { Person } from '../support/person';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

test.describe('after a reload', () => {
  test('the claim is still to be made', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    await person.page.reload();
    await person.pageIsReady();
    await person.standsAt(t.claimTitle);
    await person.enrols(USERNAME);
  });

  test('the password is not shown again, and the path goes on with it', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    const password = await person.claimsPassword();
    await person.page.reload();
    await person.pageIsReady();
    await person.standsAt(t.passwordGoneTitle);
    await person.seesNoSecret(password);
    await expect(person.button(t.restart)).toBeVisible();
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.activates(await person.nextCode(totp));
    await person.signsOut();
    await person.signsIn({ username: USERNAME, password, totp });
  });

  test('a password that was lost is replaced, and voided', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    const lost = await person.claimsPassword();
    await person.page.reload();
    await person.pageIsReady();
    await person.standsAt(t.passwordGoneTitle);
    await person.button(t.restart).click();
    await person.arrivesAt(t.passwordTitle);
    const password = await person.readsPassword();
    expect(password).not.toBe(lost);
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.activates(await person.nextCode(totp));
    await person.signsOut();
    await person.sends(USERNAME, lost, await person.nextCode(totp));
    await person.isTold(t.refused);
    await person.sends(USERNAME, password, await person.nextCode(totp));
    await person.isInTheAccountOf(USERNAME);
  });

  test('the authenticator’s secret is not shown again, and its code is still taken', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    const password = await person.claimsPassword();
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.page.reload();
    await person.pageIsReady();
    await person.standsAt(t.authenticatorGoneTitle);
    await person.seesNoSecret(password, totp);
    await expect(person.button(t.restart)).toBeVisible();
    await person.activates(await person.nextCode(totp));
  });

  test('a new QR code replaces the one that was not scanned', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    await person.claimsPassword();
    const lost = await person.goesToAuthenticator(USERNAME);
    await person.page.reload();
    await person.pageIsReady();
    await person.button(t.newQr).click();
    await person.arrivesAt(t.authenticatorTitle);
    const totp = await person.readsTotp(USERNAME);
    expect(totp).not.toBe(lost);
    await person.code.fill(await person.codeNow(lost));
    await person.button(t.activate).click();
    await person.isTold(t.codeWrong);
    await person.activates(await person.nextCode(totp));
  });

  test('the path can start again from the second step', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    const lost = await person.claimsPassword();
    await person.goesToAuthenticator(USERNAME);
    await person.page.reload();
    await person.pageIsReady();
    await person.button(t.restart).click();
    await person.arrivesAt(t.passwordTitle);
    const password = await person.readsPassword();
    expect(password).not.toBe(lost);
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.activates(await person.nextCode(totp));
    await person.signsOut();
    await person.signsIn({ username: USERNAME, password, totp });
  });

  test('a code may be tried again after a wrong one', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    const password = await person.claimsPassword();
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.code.fill(await person.wrongCode(totp));
    await person.button(t.activate).click();
    await person.isTold(t.triesLeft(4));
    await person.page.reload();
    await person.pageIsReady();
    await person.standsAt(t.authenticatorGoneTitle);
    await person.seesNoSecret(password, totp);
    // The wrong one still counts.
    await person.code.fill(await person.wrongCode(totp));
    await person.button(t.activate).click();
    await person.isTold(t.triesLeft(3));
    await person.activates(await person.nextCode(totp));
  });

  test('an account just activated is still there', async ({ person }) => {
    const { t, page } = person;
    const secrets = await person.createsAccount(USERNAME);
    await person.page.reload();
    await person.pageIsReady();
    await expect(page).toHaveURL(`${person.site.url}/compte`);
    await person.standsAt(USERNAME);
    await expect(page.getByText(t.validUntil)).toBeVisible();
    await person.seesNoSecret(secrets.password, secrets.totp);
    await person.signsOut();
  });
});

/** Other ways to leave a step and come back to it. */
const DETOURS: Record<string, (person: Person) => Promise<void>> = {
  'Back and Forward': async (person) => {
    await person.page.goBack();
    await person.arrivesAt(person.t.signInTitle);
    await person.seesNoSecret();
    await person.page.goForward();
  },
  'another page and Back': async (person) => {
    await person.page.getByRole('contentinfo').getByRole('link', { name: person.t.helpTitle, exact: true }).click();
    await person.standsAt(person.t.helpTitle);
    await person.seesNoSecret();
    await person.page.goBack();
  },
  'another site and Back': async ({ page }) => {
    await page.goto('about:blank');
    await page.goBack();
  },
};

for (const [name, leaveAndReturn] of Object.entries(DETOURS)) {
  test(`${name}, at every step of one enrolment, shows nothing twice and stops nothing`, async ({ person }) => {
    const { t, page } = person;
    const detour = async (): Promise<void> => {
      await leaveAndReturn(person);
      await person.pageIsReady();
    };
    await person.registers(USERNAME);
    await detour();
    await person.standsAt(t.claimTitle);

    const lost = await person.claimsPassword();
    await detour();
    await person.standsAt(t.passwordGoneTitle);
    await person.seesNoSecret(lost);
    await person.button(t.restart).click();
    await person.arrivesAt(t.passwordTitle);
    const password = await person.readsPassword();
    expect(password).not.toBe(lost);
    await detour();
    await person.standsAt(t.passwordGoneTitle);

    const unscanned = await person.goesToAuthenticator(USERNAME);
    await detour();
    await person.standsAt(t.authenticatorGoneTitle);
    await person.seesNoSecret(password, unscanned);
    await expect(person.button(t.restart)).toBeVisible();
    await person.button(t.newQr).click();
    await person.arrivesAt(t.authenticatorTitle);
    const totp = await person.readsTotp(USERNAME);

    await person.code.fill(await person.wrongCode(totp));
    await person.button(t.activate).click();
    await person.isTold(t.triesLeft(4));
    await detour();
    await person.standsAt(t.authenticatorGoneTitle);
    await person.seesNoSecret(password, totp);
    await person.code.fill(await person.wrongCode(totp));
    await person.button(t.activate).click();
    await person.isTold(t.triesLeft(3));

    await person.activates(await person.nextCode(totp));
    await detour();
    await expect(page).toHaveURL(`${person.site.url}/compte`);
    await person.standsAt(USERNAME);
    await expect(page.getByText(t.validUntil)).toBeVisible();
    await person.seesNoSecret(password, totp);
    await person.signsOut();
    await person.signsIn({ username: USERNAME, password, totp });
  });
}

test('Back from the account leads to no secret and no spent step', async ({ person }) => {
  const { t, page } = person;
  const secrets = await person.createsAccount(USERNAME);
  await page.goBack();
  await person.arrivesAt(t.signInTitle);
  await person.seesNoSecret(secrets.password, secrets.totp);
  await expect(page.getByText(t.alreadySignedIn)).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: t.myAccount }).click();
  await person.isInTheAccountOf(USERNAME);
});

test('the account page is not a way back in after signing out', async ({ person }) => {
  const { t, page } = person;
  await person.createsAccount(USERNAME);
  await person.signsOut();
  await page.goBack();
  await person.pageIsReady();
  await page.goto(`${person.site.url}/compte`);
  await expect(page.getByText(t.signInNeeded)).toBeVisible();
  await expect(page.getByText(t.validUntil)).toHaveCount(0);
});

test('the language can change at any step without losing what is shown', async ({ person }) => {
  const { page } = person;
  await person.registers(USERNAME);
  const password = await person.claimsPassword();
  await page.getByRole('link', { name: 'English', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Here is your password');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  expect((await person.passwordText.innerText()).replace(/\s/g, '')).toBe(password);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Your password has been shown');
});

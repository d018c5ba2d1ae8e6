// An operator invites, hands one link over, and the invited person alone draws the secrets.

import path from 'node:path';

import { HOUR } from '../support/clock';
import { decodeText } from '../support/qr';
import { sesame } from '../support/server';
import type { Site } from '../support/site';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

/** What an operator sees who invites. */
async function invite(site: Site, ...options: string[]): Promise<string> {
  const settings = { SESAME_DATA_DIR: path.join(site.folder, 'data'), SESAME_PUBLIC_URL: site.url };
  return sesame(['account', 'invite', USERNAME, ...options], { ...settings, ...site.clock.environment() });
}

/** The link alone, as it is pasted into a message. */
async function linkOf(site: Site): Promise<string> {
  return JSON.parse(await invite(site, '--json')).link;
}

test('an invited person draws both secrets, and the link is worth nothing to who handed it over', async ({ person, other, site, request }) => {
  const { t, page } = person;
  const link = await linkOf(site);
  expect(link.startsWith(`${site.url}/enrolment#`)).toBe(true);

  // A mail scanner follows the link, and so does whoever wants to know what was sent: nothing happens.
  expect((await request.get(link)).status()).toBe(200);
  await other.follows(link);
  await other.standsAt(t.claimTitle);

  await person.follows(link);
  await person.standsAt(t.claimTitle);
  await expect(page.locator('.countdown')).toHaveText(/2[34]\sheures/);
  const secrets = await person.enrols(USERNAME);
  await person.signsOut();
  await person.signsIn(secrets);

  await other.button(t.showPassword).click();
  await other.arrivesAt(t.spentTitle);
  await other.seesNoSecret(secrets.password, secrets.totp);
  await expect(other.page.getByText(t.wayInvited)).toBeVisible();
});

test('the QR code of an invitation holds the link, and a phone goes on with it', async ({ person, site }) => {
  const { t } = person;
  const printed = await invite(site, '--qr');
  const link = await decodeText(printed);
  expect(printed.split('\n')).toContain(link);
  await person.follows(link);
  await person.standsAt(t.claimTitle);
  await person.enrols(USERNAME);
});

test('an invitation ends after a day, or with the next one, and the page says whom to ask', async ({ person, site }) => {
  const { t, page } = person;
  const replaced = await linkOf(site);
  const link = await linkOf(site);
  await person.follows(replaced);
  await person.button(t.showPassword).click();
  await person.arrivesAt(t.spentTitle);

  // Whoever tries without the link learns that the name is taken, not that it waits for somebody.
  await person.goesToCreation();
  await person.username.fill(USERNAME);
  await person.button(t.createMyAccount).click();
  await person.isTold(t.taken);

  site.clock.advance(24 * HOUR);
  await person.follows(link);
  await person.button(t.showPassword).click();
  await person.arrivesAt(t.spentTitle);
  await expect(page.getByText(t.wayInvited)).toBeVisible();
});

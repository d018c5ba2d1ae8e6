// People see where their account is open and close what they do not know: two browsers, and what
// each of them is told.

import type { Locator } from '@playwright/test';

import { complaints } from '../support/axe';
import { MINUTE } from '../support/clock';
import { Person } from '../support/person';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

/** The entries of the list, this device's first. */
function entries({ page, t }: Person): Locator {
  return page.getByRole('region', { name: t.sessions, exact: true }).getByRole('listitem');
}

function closeButtons({ page, t }: Person): Locator {
  return page.getByRole('button', { name: t.close });
}

/** Where the focus is after a session went: its button has gone with it. */
async function isAtTheSessions({ page, t }: Person): Promise<void> {
  await expect(page.getByRole('heading', { name: t.sessions, exact: true })).toBeFocused();
}

async function axeFindsNothing({ page }: Person, state: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect.soft(await complaints(page), `${state}, ${colorScheme}`).toEqual([]);
  }
}

test('one browser closes the session of another, which is out at its next step', async ({ person, other, site }) => {
  const { t, page } = person;
  await page.setViewportSize({ width: 390, height: 844 });
  const secrets = await person.createsAccount(USERNAME);
  await expect(entries(person)).toHaveCount(1);
  await expect(entries(person)).toContainText(/Chrome · \S+/);
  await expect(entries(person)).toContainText(t.thisDevice);
  await expect(page.getByText(t.onlySession)).toBeVisible();
  await expect(closeButtons(person)).toHaveCount(0);
  await axeFindsNothing(person, 'the only session');

  await other.signsIn(secrets);
  await expect(entries(other)).toHaveCount(2);
  await expect(entries(other).first()).toContainText(t.thisDevice);
  await expect(entries(other).last()).not.toContainText(t.thisDevice);

  await page.reload();
  await expect(entries(person)).toHaveCount(2);
  await expect(page.getByText(t.onlySession)).toHaveCount(0);
  await axeFindsNothing(person, 'two sessions');
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, 'nothing scrolls sideways').toBeLessThanOrEqual(0);

  await closeButtons(person).click();
  await expect(page.getByRole('status').filter({ hasText: t.sessionClosed })).toBeVisible();
  await isAtTheSessions(person);
  await expect(entries(person)).toHaveCount(1);
  await expect(page.getByText(t.onlySession)).toBeVisible();
  await axeFindsNothing(person, 'a session was closed');

  // The other browser meets it at its next step, whichever that is.
  await closeButtons(other).click();
  await expect(other.page.getByText(t.signInNeeded)).toBeVisible();
  await expect(other.page).toHaveURL(`${site.url}/`);

  // This one has lived on.
  await page.reload();
  await person.standsAt(USERNAME);
  await expect(entries(person)).toHaveCount(1);
});

test('all other sessions are closed in one go, by the keyboard alone', async ({ person, other, browser, site }) => {
  const { t, page } = person;
  const secrets = await person.createsAccount(USERNAME);
  await other.signsIn(secrets);
  const context = await browser.newContext({ baseURL: site.url, locale: 'fr-FR' });
  const third = new Person(await context.newPage(), site, person.lang);
  await third.signsIn(secrets);
  await page.reload();
  await expect(entries(person)).toHaveCount(3);
  await axeFindsNothing(person, 'three sessions');

  await person.button(t.closeOthers).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status').filter({ hasText: t.othersClosed })).toBeVisible();
  await isAtTheSessions(person);
  await expect(entries(person)).toHaveCount(1);
  await expect(person.button(t.closeOthers)).toHaveCount(0);
  for (const closed of [other, third]) {
    await closed.page.reload();
    await expect(closed.page.getByText(t.signInNeeded)).toBeVisible();
  }
  await context.close();
});

test('a device that signs out is still known, and nothing of the visit is stored', async ({ person }) => {
  const { t, page } = person;
  const secrets = await person.createsAccount(USERNAME);
  await page.evaluate(() => localStorage.setItem('left-behind', 'by a page'));
  const answered = page.waitForResponse('**/api/sign-out');
  await person.signsOut();
  const answer = await answered;
  expect(await answer.headerValue('clear-site-data')).toBe('"storage"');
  const cookies = (await page.context().cookies()).map((cookie) => cookie.name);
  expect(cookies).toContain('sesame-device');
  expect(cookies).not.toContain('sesame');
  await expect.poll(() => page.evaluate(() => localStorage.length)).toBe(0);
  await person.signsIn(secrets);
  await expect(page.getByText(t.onlySession)).toBeVisible();
});

test('a list that does not come can be asked for again', async ({ person, site }) => {
  const { t, page } = person;
  await person.createsAccount(USERNAME);
  await page.route('**/api/sessions', (route) => route.abort());
  await page.reload();
  await person.isTold(t.unavailable);
  await axeFindsNothing(person, 'the list did not come');
  await page.unroute('**/api/sessions');
  site.clock.advance(MINUTE);
  await person.button(t.retry).click();
  await expect(entries(person)).toHaveCount(1);
});

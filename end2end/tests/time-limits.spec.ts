// What has an end says so: the time left for a step and the end of a session are told in words,
// politely, rarely, and well before. The browser's clock is Playwright's here: minutes pass at once.

import type { Page } from '@playwright/test';

import { DAY, MINUTE, SECOND } from '../support/clock';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';
/** How often the page looks at the clock. */
const LOOK = 10 * SECOND;

interface Told {
  /** Milliseconds since 1970, by the browser's clock. */
  at: number;
  text: string;
}

/** Lets `seconds` pass for the page, a look at the clock at a time, and gives every text that came meanwhile. */
async function passes(page: Page, seconds: number): Promise<{ shown: Told[]; announced: Told[] }> {
  await page.evaluate(() => {
    const shown = document.querySelector('.countdown')!;
    const parts = { shown, announced: shown.nextElementSibling! };
    const log: Record<string, Told[]> = { shown: [], announced: [] };
    Object.assign(window, { timeTold: log });
    for (const [name, element] of Object.entries(parts)) {
      const note = (): void => {
        const [text, last] = [element.textContent ?? '', log[name]!.at(-1)?.text ?? ''];
        if (text !== last) log[name]!.push({ at: Date.now(), text });
      };
      note();
      new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true });
    }
  });
  for (let passed = 0; passed < seconds; passed += LOOK) await page.clock.fastForward(LOOK * 1000);
  return page.evaluate(() => (window as unknown as { timeTold: { shown: Told[]; announced: Told[] } }).timeTold);
}

/** What was announced, without the silence between. */
function words(told: Told[]): string[] {
  return told.map(({ text }) => text).filter((text) => text !== '');
}

/** Polite: it waits until the reader has finished, and takes no focus. */
async function isPolite(page: Page): Promise<void> {
  const announcer = page.locator('.countdown + [role="status"]');
  await expect(announcer).toHaveCount(1);
  await expect(announcer).not.toHaveAttribute('aria-live', 'assertive');
  await expect(page.locator('.countdown')).not.toHaveAttribute('aria-live');
  await expect(page.locator('[role="timer"], .countdown[role]')).toHaveCount(0);
}

test('the time left for a step is told in minutes, and announced four times until it is up', async ({ person }) => {
  const { t, page } = person;
  await page.clock.install();
  await person.registers(USERNAME);
  await person.claimsPassword();
  await isPolite(page);
  const { shown, announced } = await passes(page, 11 * MINUTE);
  expect(words(shown)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(t.stepLeft));
  expect(words(announced)).toEqual([5, 2, 1, 0].map(t.stepLeft));
  // No text comes sooner after the one before than a minute, but for when the clock is looked at.
  for (const [index, { at, text }] of shown.entries()) {
    const before = shown[index - 1];
    // The first minute may have begun long ago.
    if (index > 1) expect.soft(at - before!.at, `${before!.text} ${text}`).toBeGreaterThanOrEqual((MINUTE - LOOK) * 1000);
  }
  // The last warning leaves time to act.
  const [warned, over] = announced.filter(({ text }) => text !== '').slice(-2);
  expect(over!.at - warned!.at).toBeGreaterThanOrEqual(20 * SECOND * 1000);
  // Whoever was too late is told the ways on.
  await expect(page.getByText(t.stepLeft(0)).first()).toBeVisible();
});

test('wherever a step waits, its time is told, also after a reload', async ({ person, site }) => {
  const { t, page } = person;
  await page.clock.install();
  const isTold = async (): Promise<void> => expect(page.locator('.countdown')).toHaveText(t.stepLeft(10));
  await person.registers(USERNAME);
  await isTold();
  await page.reload();
  await person.pageIsReady();
  await isTold();
  const password = await person.claimsPassword();
  await isTold();
  await page.reload();
  await person.pageIsReady();
  await person.standsAt(t.passwordGoneTitle);
  await isTold();
  await person.goesToAuthenticator(USERNAME);
  await isTold();
  await page.reload();
  await person.pageIsReady();
  await person.standsAt(t.authenticatorGoneTitle);
  await isTold();
  await person.opens('/');
  await person.sends(USERNAME, password, '');
  await person.arrivesAt(t.resumeTitle);
  await isTold();
  const totp = await person.goesToAuthenticator(USERNAME);
  await person.activates(await person.nextCode(totp));
  await person.signsOut();

  site.clock.advance(184 * DAY);
  await page.clock.setSystemTime(site.clock.now());
  await person.sends(USERNAME, password, await person.codeNow(totp));
  await person.arrivesAt(t.expiredTitle);
  await isTold();
  await person.button(t.renewNow).click();
  await person.arrivesAt(t.claimTitle);
  await isTold();
});

test('an unused session says that it will close, and how to stay', async ({ person }) => {
  const { t, page } = person;
  await page.clock.install();
  await person.createsAccount(USERNAME);
  await expect(page.locator('.countdown')).toHaveText('');
  await isPolite(page);
  // A minute less than half an hour: the last use that the server knows may be a minute old.
  const silence = await passes(page, 23 * MINUTE);
  expect(words(silence.shown)).toEqual([]);
  const { shown, announced } = await passes(page, 7 * MINUTE);
  expect(words(shown)).toEqual([5, 4, 3, 2, 1, 0].map(t.sessionIdleLeft));
  expect(words(announced)).toEqual([5, 2, 1, 0].map(t.sessionIdleLeft));
  const [warned, over] = announced.filter(({ text }) => text !== '').slice(-2);
  expect(over!.at - warned!.at).toBeGreaterThanOrEqual(20 * SECOND * 1000);
  // It does as it says: a reload is a use.
  await page.reload();
  await person.pageIsReady();
  await person.standsAt(USERNAME);
  await expect(page.getByText(t.validUntil)).toBeVisible();
  await expect(page.locator('.countdown')).toHaveText('');
});

test('a session at its very end says that its owner will have to sign in again', async ({ person }) => {
  const { t, page } = person;
  await page.clock.install();
  await person.createsAccount(USERNAME);
  await page.route('**/api/session', async (route) => {
    const response = await route.fetch();
    const view = (await response.json()) as Record<string, unknown>;
    // As if it had been opened nearly twelve hours ago.
    const end = new Date(Date.now() + 10 * MINUTE * 1000);
    await route.fulfill({ response, json: { ...view, session_expires_at: end.toISOString() } });
  });
  await page.reload();
  await person.pageIsReady();
  await expect(page.getByText(t.validUntil)).toBeVisible();
  const { announced } = await passes(page, 11 * MINUTE);
  expect(words(announced)).toEqual([5, 2, 1, 0].map(t.sessionLeft));
});

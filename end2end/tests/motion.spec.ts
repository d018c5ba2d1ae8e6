// Whoever asks for less motion gets none.

import type { Page } from '@playwright/test';

import { expect, test } from '../support/test';
import { TOURS } from '../support/tour';

/** Everything that moves, or would when it changes. */
async function moving(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const lasts = (durations: string): boolean => durations.split(',').some((duration) => parseFloat(duration) > 0);
    const found: string[] = [];
    for (const element of document.querySelectorAll('*')) {
      for (const part of ['', '::before', '::after', '::marker']) {
        const { transitionDuration, animationName, animationDuration, scrollBehavior } = getComputedStyle(element, part || null);
        // A step without a duration, like the notice for late programs, is no motion.
        if (animationName !== 'none' && lasts(animationDuration)) found.push(`${animationName} ${part} ${element.outerHTML.slice(0, 100)}`);
        if (lasts(transitionDuration)) found.push(`transition ${part} ${element.outerHTML.slice(0, 100)}`);
        if (scrollBehavior === 'smooth') found.push(`scrolls smoothly: ${element.outerHTML.slice(0, 100)}`);
      }
    }
    return found;
  });
}

/** Has the page wait for what it asks there, until the returned function is called. */
async function holds(page: Page, url: string | RegExp): Promise<() => void> {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(url, async (route) => {
    await held;
    await route.continue();
  });
  return release;
}

test.describe('with less motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  for (const [name, tour] of Object.entries(TOURS)) {
    test(`nothing moves, on ${name}`, async ({ person }) => {
      await tour(person, async (stop) => {
        expect.soft(await moving(person.page), stop).toEqual([]);
      });
    });
  }

  test('nothing moves while a page waits for its answer', async ({ person }) => {
    const { t, page } = person;
    const { totp } = await person.createsAccount('camille.roux');
    const answer = await holds(page, /\/api\/sessions?$/);
    await page.reload();
    await expect(page.locator('.skeleton').first()).toBeVisible();
    expect(await moving(page)).toEqual([]);
    answer();
    await person.button(t.renew).click();
    const answerAgain = await holds(page, '**/api/renew');
    await person.code.fill(await person.wrongCode(totp));
    await person.button(t.renew).click();
    await expect(person.button(t.renew)).toHaveAttribute('aria-busy', 'true');
    expect(await moving(page)).toEqual([]);
    answerAgain();
    await person.isTold(t.triesLeft(4));
  });
});

test('without that wish buttons change softly: the look at motion finds what there is', async ({ person }) => {
  await person.opens('/');
  expect((await moving(person.page)).join('\n')).toMatch(/^transition .*<button/m);
});

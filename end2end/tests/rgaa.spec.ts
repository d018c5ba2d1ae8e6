// The criteria of RGAA that a program can judge, on every page and state, in both languages; and
// what holds from one page to the next: names, the way around, and where help is found.

import type { Page } from '@playwright/test';

import { rgaa } from '../support/rgaa';
import { expect, test } from '../support/test';
import { TOURS, inBothLanguages } from '../support/tour';

for (const [name, tour] of Object.entries(TOURS)) {
  test(`the script of RGAA finds nothing on ${name}, in French and English`, async ({ person }) => {
    test.setTimeout(300_000);
    await tour(person, async (stop) => {
      await inBothLanguages(person.page, async (lang) => {
        expect.soft(await rgaa(person.page, lang), `${stop}, ${lang}`).toEqual([]);
      });
    });
  });
}

/** The links around the content, in their order: where they stand and where they lead. */
async function around(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('.skip, header a, footer a')]
      // Only whoever is signed in has an account to go to.
      .filter((link) => link.getAttribute('href') !== '/compte')
      .map((link) => `${link.closest('header, footer, body')!.tagName} ${link.textContent} ${link.getAttribute('href')}`),
  );
}

test('help and every other link around the content keep their place and their name on every page', async ({ person }) => {
  test.setTimeout(300_000);
  const { t, page } = person;
  await person.opens('/');
  const expected = await around(page);
  expect(expected.filter((link) => link === `FOOTER ${t.helpTitle} /aide`)).toHaveLength(1);
  for (const tour of Object.values(TOURS)) {
    await tour(person, async (stop) => {
      expect.soft(await around(page), stop).toEqual(expected);
      // Help comes first among the links of the foot, after the content.
      const help = page.getByRole('contentinfo').getByRole('link').first();
      await expect.soft(help, stop).toHaveText(t.helpTitle);
    });
    // The next one begins as a stranger.
    await page.context().clearCookies();
    person.site.clock.advance(1);
  }
});

test('each page and step has a title that no other has', async ({ person }) => {
  test.setTimeout(300_000);
  const { page } = person;
  const titles = new Map<string, Set<string>>();
  for (const tour of [TOURS['plain pages'], TOURS['a whole life']]) {
    await tour(person, async () => {
      // States of one page share its title; the step of the path is in it.
      const place = `${new URL(page.url()).pathname} ${await page.locator('[aria-current="step"]').allInnerTexts()}`;
      const title = (await page.title()).replace(person.t.errorPrefix, '');
      titles.set(title, (titles.get(title) ?? new Set()).add(place));
    });
  }
  const shared = [...titles].filter(([, places]) => places.size > 1).map(([title, places]) => `${title}: ${[...places].join(', ')}`);
  expect(shared).toEqual([]);
  expect(titles.size).toBeGreaterThanOrEqual(11);
});

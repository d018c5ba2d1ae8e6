// Pictures of every page and state, at a phone's and a desk's width, light and dark, in both
// languages: test-results/screens/WIDTH-THEME-LANGUAGE/NN-STOP.png. To be looked at by people.

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '../support/test';
import { TEXTS } from '../support/texts';
import { errorTour, lifeTour, plainTour } from '../support/tour';

const FOLDER = path.resolve(__dirname, '../test-results/screens');

test.use({ contextOptions: { reducedMotion: 'reduce' } });

for (const width of [390, 1280]) {
  test(`every page and state at ${width} px`, async ({ person }) => {
    const { page } = person;
    const height = width === 390 ? 844 : 900;
    await page.setViewportSize({ width, height });
    const views = (['light', 'dark'] as const).flatMap((theme) =>
      (['fr', 'en'] as const).map((lang) => ({ theme, lang, folder: path.join(FOLDER, `${width}-${theme}-${lang}`) })),
    );
    for (const { folder } of views) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    }
    let number = 0;
    const look = async (stop: string): Promise<void> => {
      number += 1;
      for (const lang of ['fr', 'en'] as const) {
        for (const view of views.filter((each) => each.lang === lang)) {
          await page.emulateMedia({ colorScheme: view.theme });
          const file = `${String(number).padStart(2, '0')}-${stop}.png`;
          await page.screenshot({ path: path.join(view.folder, file), fullPage: true, animations: 'disabled' });
        }
        await page.getByRole('link', { name: TEXTS[lang].otherLanguage, exact: true }).click();
        await expect(page.locator('html')).toHaveAttribute('lang', lang === 'fr' ? 'en' : 'fr');
      }
    };
    await plainTour(person, look);
    await errorTour(person, look);
    await lifeTour(person, look);
  });
}

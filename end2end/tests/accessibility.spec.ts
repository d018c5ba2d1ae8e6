// Every page and state in front of axe, in both languages and every theme, at the width of each
// layout; the keyboard alone; narrow screens; QR codes that decode in every theme.

import type { Locator, Page } from '@playwright/test';

import { complaints } from '../support/axe';
import type { Person } from '../support/person';
import { scan } from '../support/qr';
import { expect, test } from '../support/test';
import { TOURS, inBothLanguages, lifeTour, plainTour } from '../support/tour';

const USERNAME = 'camille.roux';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

/** The themes that a reader may have. Forced colours are those of a dark palette. */
const THEMES = {
  light: { colorScheme: 'light', forcedColors: 'none' },
  dark: { colorScheme: 'dark', forcedColors: 'none' },
  'forced colours': { colorScheme: 'dark', forcedColors: 'active' },
} as const;

// One width for each layout: a narrow phone or 400 % of zoom, where two columns begin, a wide desk.
for (const width of [320, 768, 1440]) {
  for (const [name, tour] of Object.entries(TOURS)) {
    test(`axe finds nothing on ${name}, at ${width} px, in every theme, in French and English`, async ({ person }) => {
      test.setTimeout(480_000);
      const { page } = person;
      await page.setViewportSize({ width, height: 900 });
      await tour(person, async (stop) => {
        await inBothLanguages(page, async (lang) => {
          for (const [theme, media] of Object.entries(THEMES)) {
            await page.emulateMedia(media);
            // axe reads a colour that Chromium does not force (-webkit-text-fill-color). The colours are
            // the reader's own there; outlines.spec.ts looks at what they make of the page.
            const withoutContrast = media.forcedColors === 'active';
            // On the narrowest page every rule is asked in every theme. On wider ones a theme changes
            // the colours, as it does there, and nothing else.
            const coloursOnly = width > 320 && media !== THEMES.light;
            const found = await complaints(page, { coloursOnly, withoutContrast });
            expect.soft(found, `${stop}, ${lang}, ${theme}`).toEqual([]);
          }
          await page.emulateMedia(THEMES.light);
        });
      });
    });
  }
}

for (const [name, tour] of Object.entries(TOURS)) {
  test(`nothing scrolls sideways at 320 px on ${name}, in either language`, async ({ person }) => {
    test.setTimeout(300_000);
    const { page } = person;
    await page.setViewportSize({ width: 320, height: 640 });
    await tour(person, async (stop) => {
      await inBothLanguages(page, async (lang) => {
        const wide = await page.evaluate(() => {
          const limit = document.documentElement.clientWidth;
          const elements = [...document.querySelectorAll('body *')];
          return {
            overflow: document.documentElement.scrollWidth - limit,
            culprits: elements
              .filter((element) => element.getBoundingClientRect().right > limit + 1)
              .map((element) => element.outerHTML.slice(0, 120)),
          };
        });
        expect.soft(wide.overflow, `${stop}, ${lang}: ${wide.culprits.join('\n')}`).toBeLessThanOrEqual(0);
      });
    });
  });
}

test('every page and step has one h1, a title of its own, one main, and says its language', async ({ person }) => {
  test.setTimeout(300_000);
  const { page } = person;
  const titles = new Map<string, string>();
  const look = async (stop: string): Promise<void> => {
    await expect.soft(page.getByRole('heading', { level: 1 }), stop).toHaveCount(1);
    await expect.soft(page.getByRole('main'), stop).toHaveCount(1);
    await expect.soft(page.locator('html'), stop).toHaveAttribute('lang', 'fr');
    titles.set(stop, await page.title());
  };
  await plainTour(person, look);
  await lifeTour(person, look);
  for (const [stop, title] of titles) expect.soft(title, stop).toMatch(/^.+ · Sésame$/);
  const plain = [...titles].filter(([stop]) => ['sign-in', 'create', 'help', 'accessibility', 'privacy', 'not-found', 'claim', 'authenticator', 'spent', 'account', 'expired'].includes(stop));
  expect(new Set(plain.map(([, title]) => title)).size, JSON.stringify(plain)).toBe(plain.length);
});

// --- The keyboard alone --------------------------------------------------------------------------

/** Tabs forward until `wanted` has the focus, as somebody without a mouse does. */
async function tabsTo(page: Page, wanted: Locator): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      // Whoever uses the keyboard must see where they are.
      const seen = await wanted.evaluate((element) => {
        const style = getComputedStyle(element);
        return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none';
      });
      expect(seen, 'the focus shows').toBe(true);
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${wanted}`);
}

async function typesInto(person: Person, field: Locator, text: string): Promise<void> {
  await tabsTo(person.page, field);
  await person.page.keyboard.type(text);
}

test('the whole enrolment and a sign-in can be done with the keyboard alone', async ({ person }) => {
  const { page, t } = person;
  const press = async (target: Locator): Promise<void> => {
    await tabsTo(page, target);
    await page.keyboard.press('Enter');
  };
  await person.opens('/');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Aller au contenu' })).toBeFocused();
  await press(person.link(t.createAccount));
  await person.arrivesAt(t.createTitle);
  await typesInto(person, person.username, USERNAME);
  await page.keyboard.press('Enter');
  await person.arrivesAt(t.claimTitle);
  await press(person.button(t.showPassword));
  await person.arrivesAt(t.passwordTitle);
  const password = await person.readsPassword();
  await press(person.button(t.spell));
  await expect(page.locator('.spelled li')).toHaveCount(24);
  await press(person.button(t.toAuthenticator));
  await person.arrivesAt(t.authenticatorTitle);
  const totp = await person.readsTotp(USERNAME);
  await typesInto(person, person.code, await person.wrongCode(totp));
  await page.keyboard.press('Enter');
  await person.isTold(t.codeWrong);
  // From the summary straight to the field, whose content is replaced by typing.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(person.code).toBeFocused();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(await person.nextCode(totp));
  await page.keyboard.press('Enter');
  await person.isInTheAccountOf(USERNAME);
  await press(person.button(t.signOut));
  await person.arrivesAt(t.signInTitle);
  await typesInto(person, person.username, USERNAME);
  await typesInto(person, person.password, password);
  await typesInto(person, person.code, await person.nextCode(totp));
  await press(person.button(t.signIn));
  await person.isInTheAccountOf(USERNAME);
});

test('the skip link leads to the content and leaves the address alone', async ({ person }) => {
  const { page } = person;
  await person.registers(USERNAME);
  const address = page.url();
  await page.reload();
  await person.pageIsReady();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Aller au contenu' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  await expect(page).toHaveURL(address);
  await person.enrols(USERNAME);
});

// --- QR codes ------------------------------------------------------------------------------------

for (const width of [320, 390, 1280]) {
  test(`both QR codes decode at ${width} px in every theme`, async ({ person }) => {
    const { page } = person;
    await page.setViewportSize({ width, height: 900 });
    await person.registers(USERNAME);
    const password = await person.claimsPassword();
    for (const [name, media] of Object.entries(THEMES)) {
      await page.emulateMedia(media);
      expect(await scan(person.passwordQr), name).toBe(password);
    }
    const totp = await person.goesToAuthenticator(USERNAME);
    for (const [name, media] of Object.entries(THEMES)) {
      await page.emulateMedia(media);
      expect(await person.readsTotp(USERNAME), name).toBe(totp);
    }
  });
}

test('the QR code of the longest name decodes on the smallest screen', async ({ person }) => {
  const name = `${'a1._-@'.repeat(10)}abcd`;
  await person.page.setViewportSize({ width: 320, height: 640 });
  await person.registers(name);
  await person.enrols(name);
});

test('secrets are not printed', async ({ person }) => {
  const { page, t } = person;
  await person.registers(USERNAME);
  await person.claimsPassword();
  await page.emulateMedia({ media: 'print' });
  await expect(person.passwordQr).toBeHidden();
  await expect(person.passwordText).toBeHidden();
  await page.emulateMedia({ media: 'screen' });
  await person.button(t.toAuthenticator).click();
  await person.arrivesAt(t.authenticatorTitle);
  await page.emulateMedia({ media: 'print' });
  await expect(person.totpQr).toBeHidden();
  await expect(person.totpText).toBeHidden();
});

// The outlines by which fields, buttons and the focus are found: there with forced colours, which
// take every background away, and strong enough without them.

import type { Page } from '@playwright/test';

import { contrast } from '../support/contrast';
import { expect, test } from '../support/test';
import { TOURS } from '../support/tour';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

/** A colour against what it lies on (WCAG 1.4.11, RGAA 3.3). */
const LEAST_CONTRAST = 3;
/** Words on theirs (WCAG 1.4.3). */
const LEAST_OF_TEXT = 4.5;

/** The colours by which a field or button is found, and the one that they lie on. */
interface Outline {
  what: string;
  /** The four sides of its border; nothing where there is none. */
  sides: (string | undefined)[];
  /** Its filling, and the line under its words. */
  others: (string | undefined)[];
  ground: string;
  /** Its words, and what they stand on. */
  words: [string, string];
}

async function outlines(page: Page): Promise<Outline[]> {
  return page.evaluate(() => {
    const isClear = (colour: string): boolean => colour === 'transparent' || /^rgba\(.*, 0\)$/.test(colour);
    const ground = (element: Element | null): string => {
      for (let at = element; at; at = at.parentElement) {
        const { backgroundColor } = getComputedStyle(at);
        if (!isClear(backgroundColor)) return backgroundColor;
      }
      return 'rgb(255, 255, 255)';
    };
    return [...document.querySelectorAll('button, .button, input')]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('[aria-hidden="true"]'))
      .map((element) => {
        const style = getComputedStyle(element);
        const seen = (colour: string): string | undefined => (isClear(colour) ? undefined : colour);
        const sides = (['Top', 'Right', 'Bottom', 'Left'] as const).map((side) => {
          const there = parseFloat(style[`border${side}Width`]) >= 1 && style[`border${side}Style`] !== 'none';
          return there ? seen(style[`border${side}Color`]) : undefined;
        });
        const underlined = style.textDecorationLine.includes('underline') ? style.color : undefined;
        return {
          what: element.outerHTML.slice(0, 120),
          sides,
          others: [seen(style.backgroundColor), underlined],
          ground: ground(element.parentElement),
          words: [style.color, ground(element)] as [string, string],
        };
      });
  });
}

/** Whether one of its outlines is strong enough; a border only whole. */
function standsOut({ sides, others, ground }: Outline): boolean {
  const strength = (colour: string | undefined): number => (colour ? contrast(colour, ground) : 1);
  return Math.max(Math.min(...sides.map(strength)), ...others.map(strength)) >= LEAST_CONTRAST;
}

for (const [name, tour] of Object.entries(TOURS)) {
  test(`with forced colours every field and button has an outline, and words that can be read, on ${name}`, async ({ person }) => {
    const { page } = person;
    const forced = { forcedColors: 'active' } as const;
    await page.emulateMedia(forced);
    await tour(person, async (stop) => {
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ ...forced, colorScheme });
        const weak = (await outlines(page)).filter((outline) => !standsOut(outline));
        expect.soft(weak, `${stop}, ${colorScheme}`).toEqual([]);
        const unread = (await outlines(page)).filter(({ words: [colour, around] }) => contrast(colour, around) < LEAST_OF_TEXT);
        expect.soft(unread, `${stop}, ${colorScheme}`).toEqual([]);
      }
    });
  });

  test(`fields stand out from what is around them, on ${name}`, async ({ person }) => {
    const { page } = person;
    await tour(person, async (stop) => {
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme });
        // A button without a filling is known by its words.
        const fields = (await outlines(page)).filter(({ what }) => what.startsWith('<input'));
        expect.soft(fields.filter((outline) => !standsOut(outline)), `${stop}, ${colorScheme}`).toEqual([]);
      }
    });
  });
}

for (const [name, media] of Object.entries({
  'in the light theme': { colorScheme: 'light', forcedColors: 'none' },
  'in the dark theme': { colorScheme: 'dark', forcedColors: 'none' },
  'with forced colours': { colorScheme: 'dark', forcedColors: 'active' },
} as const)) {
  test(`the focus stands out, ${name}`, async ({ person }) => {
    const { page } = person;
    await page.emulateMedia(media);
    await person.opens('/');
    // Two rings, one light and one dark: whatever they lie on, one of them shows.
    await page.keyboard.press('Tab');
    for (const target of [person.username, person.password, person.code, person.button(person.t.signIn), person.link(person.t.createAccount)]) {
      await target.focus();
      const ring = await target.evaluate((element) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
        return { outlineStyle, outlineWidth: parseFloat(outlineWidth), outlineColor, boxShadow, ground: getComputedStyle(element.closest('.card')!).backgroundColor };
      });
      expect(ring.outlineStyle).toBe('solid');
      expect(ring.outlineWidth).toBeGreaterThanOrEqual(2);
      const colours = [ring.outlineColor, ...(ring.boxShadow.match(/rgba?\([^)]*\)/g) ?? [])];
      expect(Math.max(...colours.map((colour) => contrast(colour, ring.ground)))).toBeGreaterThanOrEqual(LEAST_CONTRAST);
    }
  });
}

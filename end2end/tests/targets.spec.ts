// Who aims badly, or sees a small part of the page: every target is large enough, and what has the
// focus is in sight.

import type { Page } from '@playwright/test';

import { expect, test } from '../support/test';
import { TOURS } from '../support/tour';

/** CSS pixels (WCAG 2.5.8). */
const LEAST = 24;

/** A narrow phone, and a desk. */
const SIZES = [{ width: 320, height: 640 }, { width: 1280, height: 900 }];
/** A desk, and the same at 400 %. */
const VIEWS = [{ width: 1280, height: 1024 }, { width: 320, height: 256 }];

/** Whatever can be pressed or typed into, with its size. */
async function targets(page: Page): Promise<{ what: string; width: number; height: number }[]> {
  return page.evaluate(() => {
    // As high as its line, as any text: WCAG 2.5.8 leaves links within a sentence alone.
    const inSentence = (element: Element): boolean =>
      element.matches('a') &&
      getComputedStyle(element).display === 'inline' &&
      [...element.parentNode!.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent!.trim() !== '');
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [role="button"], [role="link"]')]
      // What managers look for is out of sight.
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('[aria-hidden="true"]'))
      .filter((element) => !inSentence(element))
      .map((element) => {
        const { width, height } = element.getBoundingClientRect();
        return { what: element.outerHTML.slice(0, 120), width, height };
      });
  });
}

for (const [name, tour] of Object.entries(TOURS)) {
  test(`every target is ${LEAST} pixels wide and high at least, on ${name}`, async ({ person }) => {
    test.setTimeout(300_000);
    const { page } = person;
    await page.setViewportSize(SIZES[0]!);
    await tour(person, async (stop) => {
      for (const size of [...SIZES].reverse()) {
        await page.setViewportSize(size);
        const found = await targets(page);
        // The skip link, the brand, the language and the footer are on every page.
        expect(found.length, stop).toBeGreaterThanOrEqual(6);
        expect.soft(found.filter(({ width, height }) => Math.min(width, height) < LEAST), `${stop}, ${size.width} px`).toEqual([]);
      }
    });
  });
}

/** Gives the focus to one thing after another, and tells those of which nothing can be seen then. */
async function obscured(page: Page): Promise<{ seen: number; hidden: string[] }> {
  return page.evaluate(() => {
    const reachable = [...document.querySelectorAll<HTMLElement>('a[href], button:not(:disabled), input, select, textarea, [tabindex="0"]')]
      .filter((element) => element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true }));
    const hidden: string[] = [];
    for (const element of reachable) {
      element.focus();
      const { left, top, width, height } = element.getBoundingClientRect();
      // Nine points of it: one in sight is enough (WCAG 2.4.11).
      const shares = [0.1, 0.5, 0.9];
      const inSight = shares.some((x) =>
        shares.some((y) => {
          const found = document.elementFromPoint(left + width * x, top + height * y);
          return found !== null && (element.contains(found) || found.contains(element));
        }),
      );
      if (document.activeElement !== element || !inSight) hidden.push(element.outerHTML.slice(0, 120));
    }
    return { seen: reachable.length, hidden };
  });
}

for (const [name, tour] of Object.entries(TOURS)) {
  test(`what has the focus is in sight, on ${name}, even at 400 %`, async ({ person }) => {
    test.setTimeout(300_000);
    const { page } = person;
    await page.setViewportSize(VIEWS[0]!);
    await tour(person, async (stop) => {
      for (const view of [...VIEWS].reverse()) {
        await page.setViewportSize(view);
        const { seen, hidden } = await obscured(page);
        expect(seen, stop).toBeGreaterThanOrEqual(6);
        expect.soft(hidden, `${stop}, ${view.width} px`).toEqual([]);
      }
    });
  });
}

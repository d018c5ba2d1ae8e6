// What readers do to the text: they space it, make it twice as large, or take the style sheet away,
// and lose nothing.

import type { Page } from '@playwright/test';

import { expect, test } from '../support/test';
import { TOURS } from '../support/tour';

test.use({ contextOptions: { reducedMotion: 'reduce' } });

/** What a reader's own style sheet says, and the window in which it has to work. */
const READERS = {
  // WCAG 1.4.12, RGAA 10.12.
  'more space in it': {
    css: `* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
          p { margin-block-end: 2em !important; }`,
    windows: [{ width: 390, height: 844 }, { width: 1280, height: 900 }],
  },
  // WCAG 1.4.4, RGAA 10.4. Twice the size that the page asks for.
  'letters twice as large': {
    css: 'html { font-size: 2.125rem !important; }',
    windows: [{ width: 1280, height: 900 }],
  },
} as const;

/** As a sheet of the browser's, which the page's policy does not concern. */
async function wears(page: Page, css: string): Promise<void> {
  await page.evaluate((rules) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(rules);
    document.adoptedStyleSheets = rules === '' ? [] : [sheet];
  }, css);
}

/** What its letters look like. */
function look(page: Page): Promise<string> {
  return page.locator('.card p').first().evaluate((text) => {
    const { fontSize, letterSpacing } = getComputedStyle(text);
    return `${fontSize} ${letterSpacing}`;
  });
}

/** What is cut off, out of its box, on top of something else, or beyond the window's edge. */
async function losses(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const name = (element: Element): string => element.outerHTML.slice(0, 120);
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push(`the page scrolls sideways by ${root.scrollWidth - root.clientWidth}`);
    const visible = [...document.querySelectorAll('body *')].filter(
      // What is for the ears alone is clipped on purpose.
      (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('.unseen, svg'),
    );
    for (const element of visible) {
      const { overflowX, overflowY } = getComputedStyle(element);
      if (overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1 && !element.matches('input')) found.push(`cut at its side: ${name(element)}`);
      if (overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 1 && !element.matches('input')) found.push(`cut at its foot: ${name(element)}`);
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const holder = walker.currentNode.parentElement!;
      const box = holder.closest('button, .button, .notice, .badge, .secret, .card, .field')?.getBoundingClientRect();
      if (!box || !visible.includes(holder)) continue;
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      for (const { left, right, top, bottom } of range.getClientRects()) {
        const out = Math.max(box.left - left, right - box.right, box.top - top, bottom - box.bottom);
        if (right > left && out > 1) found.push(`out of its box by ${out}: ${name(holder)}`);
      }
    }
    const pressed = visible.filter((element) => element.matches('a, button, input'));
    for (const [index, one] of pressed.entries()) {
      for (const other of pressed.slice(index + 1)) {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        const [across, down] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
        // The skip link waits above the page.
        if (across > 1 && down > 1 && !one.matches('.skip') && !other.matches('.skip')) found.push(`on top of one another: ${name(one)} ${name(other)}`);
      }
    }
    return found;
  });
}

for (const [reader, { css, windows }] of Object.entries(READERS)) {
  for (const [name, tour] of Object.entries(TOURS)) {
    test(`text with ${reader} loses nothing, on ${name}`, async ({ person }) => {
      test.setTimeout(300_000);
      const { page } = person;
      await tour(person, async (stop) => {
        const before = await look(page);
        for (const window of windows) {
          await page.setViewportSize(window);
          await wears(page, css);
          expect.soft(await losses(page), `${stop}, ${window.width} px`).toEqual([]);
        }
        expect(await look(page), `${stop}: the sheet is worn`).not.toBe(before);
        await wears(page, '');
        expect(await look(page), stop).toBe(before);
      });
    });
  }
}

/** The lines that a page shows, without their gaps. */
async function lines(page: Page): Promise<string[]> {
  const text = await page.locator('body').innerText();
  return text.split('\n').map((line) => line.replace(/\s/g, '')).filter((line) => line !== '');
}

for (const [name, tour] of Object.entries(TOURS)) {
  // RGAA 10.2. Numbers and ticks that the style sheet adds stand in lists that are numbered without it.
  test(`without its style sheet a page still says everything, on ${name}`, async ({ person }) => {
    const { page } = person;
    const style = (disabled: boolean): Promise<void> =>
      page.evaluate((off) => {
        for (const sheet of document.styleSheets) sheet.disabled = off;
      }, disabled);
    await tour(person, async (stop) => {
      const styled = await lines(page);
      await style(true);
      const plain = (await lines(page)).join('');
      expect.soft(styled.filter((line) => !plain.includes(line)), stop).toEqual([]);
      await style(false);
    });
  });
}

// Where the browser's half does not come: the page says so, reads well, and keeps secrets out of
// the address.

import type { Locator, Page } from '@playwright/test';

import { expect, test } from '../support/test';
import { TEXTS } from '../support/texts';
import { PLAIN_PAGES } from '../support/tour';

/** The notice inside `noscript`, which looking for a text would pass over. */
function noScript(page: Page): Locator {
  return page.locator('noscript .notice');
}

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  for (const [name, path] of Object.entries({ ...PLAIN_PAGES, account: '/compte' })) {
    test(`the page "${name}" says what is missing and has its heading`, async ({ page }) => {
      await page.goto(path);
      await expect(noScript(page)).toBeVisible();
      await expect(noScript(page)).toContainText(TEXTS.fr.noScript);
      // The other notice, for programs that are late, never joins it.
      await expect(page.locator('.late')).toHaveCSS('display', 'none');
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expect(page.getByRole('heading', { level: 1 })).not.toBeEmpty();
      for (const button of await page.getByRole('button').all()) await expect(button).toBeDisabled();
    });
  }

  test('the help pages read like any page', async ({ page, site }) => {
    for (const [path, title] of [['/aide', 'Aide'], ['/accessibilite', 'Accessibilité'], ['/confidentialite', 'Données']] as const) {
      const response = await page.goto(path);
      expect(response!.status()).toBe(200);
      await expect(page.getByRole('heading', { level: 1 })).toContainText(title);
      expect(await page.getByRole('heading', { level: 2 }).count()).toBeGreaterThan(2);
      expect((await page.getByRole('main').innerText()).length).toBeGreaterThan(600);
    }
    await page.getByRole('banner').getByRole('link', { name: 'Sésame' }).click();
    await expect(page).toHaveURL(`${site.url}/`);
  });

  test('the language link works, and the choice is kept', async ({ page }) => {
    await page.goto('/aide');
    await page.getByRole('link', { name: 'English', exact: true }).click();
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Help');
    await expect(noScript(page)).toContainText(TEXTS.en.noScript);
    await page.goto('/');
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    await page.getByRole('link', { name: 'Français', exact: true }).click();
    await expect(page.locator('html')).toHaveAttribute('lang', 'fr');
  });

  test('no form sends anything, and none could put a secret in the address', async ({ page, site }) => {
    const sent: string[] = [];
    page.on('request', (request) => {
      if (request.isNavigationRequest()) sent.push(`${request.method()} ${request.url()}`);
    });
    await page.goto('/');
    await page.getByLabel(TEXTS.fr.username, { exact: true }).fill('camille.roux');
    await page.getByLabel(TEXTS.fr.password, { exact: true }).fill('a-secret-password');
    await page.getByLabel(TEXTS.fr.code, { exact: true }).fill('135790');
    await page.getByLabel(TEXTS.fr.code, { exact: true }).press('Enter');
    await page.getByLabel(TEXTS.fr.password, { exact: true }).press('Enter');
    await expect(page.getByRole('button', { name: TEXTS.fr.signIn, exact: true })).toBeDisabled();
    expect(sent).toEqual([`GET ${site.url}/`]);
    for (const path of ['/', '/compte/nouveau']) {
      await page.goto(path);
      for (const form of await page.locator('form').all()) await expect(form).toHaveAttribute('method', 'post');
    }
  });

  test('a language that is neither ours gets French, and English gets English', async ({ browser, site }) => {
    for (const [locale, lang] of [['de-DE', 'fr'], ['en-US', 'en'], ['fr-CA', 'fr']] as const) {
      const context = await browser.newContext({ locale, javaScriptEnabled: false });
      const page = await context.newPage();
      await page.goto(site.url);
      await expect(page.locator('html')).toHaveAttribute('lang', lang);
      await context.close();
    }
  });
});

test.describe('with JavaScript but without the page’s program', () => {
  test.use({ tolerated: /Failed to fetch/ });

  test('a notice appears after a while', async ({ page }) => {
    await page.route('**/*.wasm', (route) => route.abort());
    await page.goto('/');
    await expect(page.getByText(TEXTS.fr.notReady)).toBeHidden();
    await expect(page.getByText(TEXTS.fr.notReady)).toBeVisible();
    await expect(noScript(page)).toBeHidden();
    await expect(page.getByRole('button', { name: TEXTS.fr.signIn, exact: true })).toBeDisabled();
  });

  test('a form that is forced to be sent keeps secrets out of the address', async ({ page, site }) => {
    await page.route('**/*.wasm', (route) => route.abort());
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.goto('/');
    await page.getByLabel(TEXTS.fr.username, { exact: true }).fill('camille.roux');
    await page.getByLabel(TEXTS.fr.password, { exact: true }).fill('a-secret-password');
    await page.getByLabel(TEXTS.fr.code, { exact: true }).fill('135790');
    await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      page.locator('form').evaluate((form: HTMLFormElement) => form.submit()),
    ]);
    expect(addresses.at(-1)).toBe(`${site.url}/`);
    for (const address of addresses) expect(address).not.toMatch(/secret|135790|camille/);
    expect(site.servers[0]!.log).not.toMatch(/a-secret-password|135790/);
  });

  test('a program that comes late makes the notice go and the page work', async ({ person }) => {
    const { page, t } = person;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/*.wasm', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto('/');
    await person.username.fill('camille.roux');
    await person.password.fill('typed-before');
    await expect(page.getByText(t.notReady)).toBeVisible();
    release();
    await person.pageIsReady();
    await expect(page.getByText(t.notReady)).toHaveCount(0);
    // What was typed meanwhile is still there, and is what is sent.
    await expect(person.username).toHaveValue('camille.roux');
    await expect(person.password).toHaveValue('typed-before');
    await person.button(t.signIn).click();
    await person.isTold(t.refused);
  });
});

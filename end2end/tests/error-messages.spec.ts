// Errors for whoever does not see them: said in words, in the title first, tied to the field that
// they are about, and gone once it is mended.

import { type Locator, expect } from '@playwright/test';

import type { Person } from '../support/person';
import { test } from '../support/test';

const USERNAME = 'camille.roux';

/** The texts that describe a field, in the order in which they are read out. */
async function descriptions(field: Locator): Promise<Locator[]> {
  const ids = (await field.getAttribute('aria-describedby'))?.split(' ') ?? [];
  return ids.map((id) => field.page().locator(`[id="${id}"]`));
}

/** The field is called wrong, and what it is described by begins with `text`, for all to see. */
async function saysItsError(person: Person, field: Locator, text: string): Promise<void> {
  await person.isTold(text);
  await expect(person.page).toHaveTitle(person.t.errorPrefix);
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  const [error, ...others] = await descriptions(field);
  // In words and in bold beside the field: the colour of its border is not all there is.
  await expect(error!).toBeVisible();
  await expect(error!).toContainText(text);
  expect(Number(await error!.evaluate((element) => getComputedStyle(element).fontWeight))).toBeGreaterThanOrEqual(600);
  // The hint has not gone for it.
  for (const other of others) await expect(other).not.toBeEmpty();
}

/** Nothing is wrong with the field, and what describes it is there. */
async function isFine(field: Locator): Promise<void> {
  await expect(field).not.toHaveAttribute('aria-invalid');
  for (const text of await descriptions(field)) {
    await expect(text).toBeVisible();
    await expect(text).not.toBeEmpty();
  }
}

for (const lang of ['fr', 'en'] as const) {
  test.describe(lang === 'fr' ? 'in French' : 'in English', () => {
    test.use({ lang });

    test('each field with an error is described by it, and the title says so first', async ({ person }) => {
      const { t, page } = person;
      await person.opens('/');
      for (const field of [person.username, person.password, person.code]) await isFine(field);
      const title = await page.title();
      expect(title).not.toMatch(t.errorPrefix);
      await person.button(t.signIn).click();
      await saysItsError(person, person.username, t.usernameMissing);
      await saysItsError(person, person.password, t.passwordMissing);
      await isFine(person.code);
      expect(await page.title()).toMatch(new RegExp(`${t.errorPrefix.source}${title}`));

      // Mended in part: only the rest is wrong.
      await person.sends(USERNAME, 'not-the-password', '12');
      await saysItsError(person, person.code, t.codeShort(4));
      for (const field of [person.username, person.password]) await isFine(field);
      // What is refused as a whole is no field's error.
      await person.sends(USERNAME, 'not-the-password', '135790');
      await person.isTold(t.refused);
      for (const field of [person.username, person.password, person.code]) await isFine(field);

      await person.goesToCreation();
      await expect(page).not.toHaveTitle(t.errorPrefix);
      await isFine(person.username);
      await person.username.fill('a b');
      await person.button(t.createMyAccount).click();
      await saysItsError(person, person.username, t.usernameCharacter);

      await person.username.fill(USERNAME);
      await person.button(t.createMyAccount).click();
      await person.arrivesAt(t.claimTitle);
      await expect(page).not.toHaveTitle(t.errorPrefix);
      await person.claimsPassword();
      const totp = await person.goesToAuthenticator(USERNAME);
      await isFine(person.code);
      await person.button(t.activate).click();
      await saysItsError(person, person.code, t.codeMissing);
      await person.code.fill(await person.wrongCode(totp));
      await person.button(t.activate).click();
      await saysItsError(person, person.code, t.codeWrong);
      await person.activates(await person.nextCode(totp));
      await expect(page).not.toHaveTitle(t.errorPrefix);

      await person.button(t.renew).click();
      await isFine(person.code);
      await person.code.fill(person.codes.at(-1)!);
      await person.button(t.renew).click();
      await saysItsError(person, person.code, t.codeUsed);
      await person.button(t.cancel).click();
      await expect(page).not.toHaveTitle(t.errorPrefix);
    });
  });
}

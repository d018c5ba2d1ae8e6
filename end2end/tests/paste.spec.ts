// Pasting and password managers: whoever has a secret elsewhere puts it into its field without
// typing a character of it.

import type { Locator } from '@playwright/test';

import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

/** Pastes what the clipboard holds, with the keyboard. */
async function pastesInto(field: Locator): Promise<void> {
  await field.focus();
  await field.press('ControlOrMeta+v');
}

/** Copies `text` elsewhere and pastes it. */
async function copiesInto(field: Locator, text: string): Promise<void> {
  await field.page().evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await pastesInto(field);
}

/** Fills a field as some managers do: the value is there, and no event tells of it. */
async function fillsSilently(field: Locator, text: string): Promise<void> {
  await field.evaluate((input: HTMLInputElement, value) => (input.value = value), text);
}

test('a password copied where it is shown is pasted where it is asked for, and signs in', async ({ person, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const { t, page } = person;
  await person.registers(USERNAME);
  const password = await person.claimsPassword();
  await person.button(t.copy).click();
  await expect(page.getByText(t.copied)).toBeVisible();
  const totp = await person.goesToAuthenticator(USERNAME);
  await person.activates(await person.nextCode(totp));
  await person.signsOut();

  await pastesInto(person.password);
  await expect(person.password).toHaveValue(password);
  await copiesInto(person.username, USERNAME);
  await expect(person.username).toHaveValue(USERNAME);
  const code = await person.nextCode(totp);
  await copiesInto(person.code, `${code.slice(0, 3)} ${code.slice(3)}`);
  await person.button(t.signIn).click();
  await person.isInTheAccountOf(USERNAME);
});

test('a manager that fills the fields without a key press signs in', async ({ person }) => {
  const { t } = person;
  const { password, totp } = await person.createsAccount(USERNAME);
  await person.signsOut();
  await fillsSilently(person.username, USERNAME);
  await fillsSilently(person.password, password);
  await fillsSilently(person.code, await person.nextCode(totp));
  await person.button(t.signIn).click();
  await person.isInTheAccountOf(USERNAME);
});

test('each field says what belongs in it, so that managers fill and save it', async ({ person }) => {
  const { page } = person;
  const says = async (field: Locator, type: string, autocomplete: string): Promise<void> => {
    await expect(field).toHaveAttribute('type', type);
    await expect(field).toHaveAttribute('autocomplete', autocomplete);
  };
  await person.opens('/');
  await says(person.username, 'text', 'username');
  await says(person.password, 'password', 'current-password');
  await says(person.code, 'text', 'one-time-code');

  await person.goesToCreation();
  await says(person.username, 'text', 'username');
  await person.registers(USERNAME);
  const password = await person.claimsPassword();
  // Out of sight and of the keyboard's way: for managers alone, which look for a pair of fields.
  const [name, secret] = [page.locator('form input[autocomplete="username"]'), page.locator('form input[autocomplete="new-password"]')];
  await says(name, 'text', 'username');
  await expect(name).toHaveValue(USERNAME);
  await says(secret, 'password', 'new-password');
  await expect(secret).toHaveValue(password);
});

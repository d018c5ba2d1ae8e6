// The field for the six digits: one plain text field, the same wherever a code is asked for.

import type { Person } from '../support/person';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

async function asksForTheCode({ page, code }: Person): Promise<void> {
  await expect(code).toHaveCount(1);
  await expect(code).toHaveAttribute('type', 'text');
  await expect(code).toHaveAttribute('inputmode', 'numeric');
  await expect(code).toHaveAttribute('autocomplete', 'one-time-code');
  // Room for a separator: a code that is pasted whole must not be cut.
  expect(Number((await code.getAttribute('maxlength')) ?? Infinity)).toBeGreaterThanOrEqual(7);
  // A pattern would have the browser call a code invalid that is only half typed, or has a gap.
  await expect(code).not.toHaveAttribute('pattern');
  // Not six boxes: nothing else in the form takes a digit.
  await expect(page.locator('form:has(#code) input[inputmode="numeric"]')).toHaveCount(1);
}

test('a code goes into one plain text field wherever it is asked for', async ({ person }) => {
  const { t, page } = person;
  await person.opens('/');
  await asksForTheCode(person);
  await person.registers(USERNAME);
  await person.claimsPassword();
  const totp = await person.goesToAuthenticator(USERNAME);
  await asksForTheCode(person);
  await page.reload();
  await person.pageIsReady();
  await person.standsAt(t.authenticatorGoneTitle);
  await asksForTheCode(person);
  await person.activates(await person.nextCode(totp));
  await person.button(t.renew).click();
  await asksForTheCode(person);
});

test('separators are welcome wherever a code is asked for', async ({ person }) => {
  const { t } = person;
  const gapped = async (separator: string): Promise<string> => {
    const code = await person.nextCode(totp);
    return `${code.slice(0, 3)}${separator}${code.slice(3)}`;
  };
  await person.registers(USERNAME);
  const password = await person.claimsPassword();
  const totp = await person.goesToAuthenticator(USERNAME);
  await person.activates(await gapped('-'));
  await person.signsOut();
  await person.sends(USERNAME, password, await gapped('\u00a0'));
  await person.isInTheAccountOf(USERNAME);
  await person.button(t.renew).click();
  await person.code.fill(await gapped(' - '));
  await person.button(t.renew).click();
  await person.arrivesAt(t.claimTitle);
});

// The enrolment on the phone that is to be the authenticator: it cannot scan its own screen, so a
// link hands the secret over. And what is told of the QR codes to whoever does not see them.

import type { Person } from '../support/person';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

/** Enrols as far as the authenticator, and gives its secret. */
async function comesToTheAuthenticator(person: Person): Promise<string> {
  await person.registers(USERNAME);
  await person.claimsPassword();
  return person.goesToAuthenticator(USERNAME);
}

for (const [device, options] of Object.entries({
  phone: { viewport: { width: 390, height: 844 } },
  tablet: { viewport: { width: 1024, height: 768 }, hasTouch: true, isMobile: true },
})) {
  test.describe(`on a ${device}`, () => {
    test.use(options);

    test('a link hands over the secret that stands beside it, and comes before the QR code', async ({ person }) => {
      const { t, page } = person;
      const totp = await comesToTheAuthenticator(person);
      const link = person.link(t.openInApp);
      await expect(link).toBeVisible();
      const uri = new URL((await link.getAttribute('href'))!);
      expect(uri.protocol + '//' + uri.host).toBe('otpauth://totp');
      expect(decodeURIComponent(uri.pathname)).toBe(`/COFRAP:${USERNAME}`);
      expect(uri.searchParams.get('secret')).toBe(totp);
      const [first, second] = [await link.boundingBox(), await person.totpQr.boundingBox()];
      expect(first!.y + first!.height).toBeLessThanOrEqual(second!.y);

      // Whether an application answers or not, the page stays, and waits for the code.
      await link.click();
      await person.standsAt(t.authenticatorTitle);
      expect(await person.readsTotp(USERNAME)).toBe(totp);
      await person.code.fill(await person.nextCode(totp));
      // The browser asks which application is meant, and lets no click through to the page until it is
      // told; a test cannot tell it.
      await person.button(t.activate).evaluate((button) => (button as HTMLButtonElement).click());
      await expect(page).toHaveURL(`${person.site.url}/compte`);
    });
  });
}

test('at a desk there is no such link: the phone scans', async ({ person }) => {
  await comesToTheAuthenticator(person);
  await expect(person.totpQr).toBeVisible();
  await expect(person.link(person.t.openInApp)).toBeHidden();
});

/** Everything that is read out in place of what is drawn: names, descriptions, titles. */
async function alternatives({ page }: Person): Promise<string> {
  return page.evaluate(() => {
    const spoken = ['aria-label', 'aria-description', 'aria-valuetext', 'aria-roledescription', 'alt', 'title', 'placeholder'];
    const attributes = [...document.querySelectorAll('*')].flatMap((element) =>
      spoken.map((name) => element.getAttribute(name) ?? ''),
    );
    const drawings = [...document.querySelectorAll('svg')].map((svg) => svg.textContent ?? '');
    return [...attributes, ...drawings].filter((text) => text.trim() !== '').join('\n');
  });
}

test('the alternative of a QR code says what it is for, and not what it holds', async ({ person }) => {
  const { t } = person;
  await person.registers(USERNAME);
  const password = await person.claimsPassword();
  await expect(person.passwordQr).toHaveAccessibleName(t.passwordQr);
  await expect(person.passwordQr).toHaveAccessibleDescription('');
  expect(await alternatives(person)).toContain(t.passwordQr);
  expect(await alternatives(person)).not.toContain(password);
  const totp = await person.goesToAuthenticator(USERNAME);
  await expect(person.totpQr).toHaveAccessibleName(t.totpQr);
  await expect(person.totpQr).toHaveAccessibleDescription('');
  expect(await alternatives(person)).toContain(t.totpQr);
  expect(await alternatives(person)).not.toContain(totp);
});

// A walk through every page and state that a person can meet. Whoever takes it looks around at each
// stop: with axe, with a ruler, with a camera.

import { type Page, expect } from '@playwright/test';

import { DAY, HOUR, MINUTE } from './clock';
import type { Person } from './person';
import { type Lang, TEXTS } from './texts';

/** Looks at the page as it stands; must leave language, theme and size as they were. */
export type Look = (stop: string) => Promise<void>;

/** Pages that anybody may open, by name. */
export const PLAIN_PAGES = {
  'sign-in': '/',
  create: '/compte/nouveau',
  incomplete: '/enrolment',
  help: '/aide',
  accessibility: '/accessibilite',
  privacy: '/confidentialite',
  'not-found': '/nulle-part',
};

export async function plainTour(person: Person, look: Look): Promise<void> {
  for (const [name, path] of Object.entries(PLAIN_PAGES)) {
    await person.opens(path);
    if (name === 'incomplete') await person.standsAt(person.t.incompleteTitle);
    await look(name);
  }
}

/** Every form with what can be wrong in it. */
export async function errorTour(person: Person, look: Look): Promise<void> {
  const { t, page } = person;
  await person.opens('/');
  await person.button(t.signIn).click();
  await person.isTold(t.usernameMissing);
  await look('sign-in-empty');
  await person.sends('camille.roux', 'not-the-password', '135790');
  await person.isTold(t.refused);
  await look('sign-in-refused');

  await person.opens('/compte/nouveau');
  await person.username.fill('a b');
  await person.button(t.createMyAccount).click();
  await person.isTold(t.usernameCharacter);
  await look('create-invalid');

  await person.opens('/');
  await page.route('**/api/authenticate', (route) => route.abort());
  await person.sends('camille.roux', 'not-the-password', '135790');
  await person.isTold(t.unavailable);
  await look('sign-in-outage');
  await page.unroute('**/api/authenticate');

  await page.goto(`${person.site.url}/compte`);
  await expect(page.getByText(t.signInNeeded)).toBeVisible();
  await look('sign-in-needed');
}

/** An account's whole life, with its detours. */
export async function lifeTour(person: Person, look: Look, username = 'camille.roux'): Promise<void> {
  const { t, page, site } = person;
  await person.registers(username);
  await look('claim');
  let password = await person.claimsPassword();
  await look('password');
  await person.button(t.spell).click();
  await look('password-spelled');
  await person.button(t.hide).click();
  await look('password-hidden');
  await page.reload();
  await person.pageIsReady();
  await person.standsAt(t.passwordGoneTitle);
  await look('password-gone');
  await person.button(t.restart).click();
  password = await person.readsPassword();
  let totp = await person.goesToAuthenticator(username);
  await look('authenticator');
  await person.code.fill('12');
  await person.button(t.activate).click();
  await person.isTold(t.codeShort(4));
  await look('authenticator-short-code');
  await person.code.fill(await person.wrongCode(totp));
  await person.button(t.activate).click();
  await person.isTold(t.codeWrong);
  await look('authenticator-wrong-code');
  await page.reload();
  await person.pageIsReady();
  await person.standsAt(t.authenticatorGoneTitle);
  await look('authenticator-gone');

  site.clock.advance(11 * MINUTE);
  await person.code.fill(await person.codeNow(totp));
  await person.button(t.activate).click();
  await person.arrivesAt(t.spentTitle);
  await look('spent');

  await person.opens('/');
  await person.sends(username, password, '');
  await person.arrivesAt(t.resumeTitle);
  await look('resume');
  totp = await person.goesToAuthenticator(username);
  await person.activates(await person.nextCode(totp));
  await look('account-activated');
  await person.opens('/');
  await expect(page.getByText(t.alreadySignedIn)).toBeVisible();
  await look('sign-in-already');

  await person.signsIn({ username, password, totp });
  await look('account');
  await person.button(t.renew).click();
  await expect(person.code).toBeVisible();
  await look('renew');
  await person.code.fill(await person.wrongCode(totp));
  await person.button(t.renew).click();
  await person.isTold(t.codeWrong);
  await look('renew-wrong-code');
  await person.button(t.cancel).click();
  await person.signsOut();
  await look('signed-out');

  await person.goesToCreation();
  await person.username.fill(username);
  await person.button(t.createMyAccount).click();
  await person.isTold(t.taken);
  await look('create-taken');

  site.clock.advance(184 * DAY + HOUR);
  await person.opens('/');
  await person.sends(username, password, await person.codeNow(totp));
  await person.arrivesAt(t.expiredTitle);
  await look('expired');
}

/** All of them. */
export const TOURS = { 'plain pages': plainTour, 'forms with errors': errorTour, 'a whole life': lifeTour };

/** Runs `look` in both languages. The link switches in place: what is shown stays. */
export async function inBothLanguages(page: Page, look: (lang: Lang) => Promise<void>): Promise<void> {
  await look('fr');
  await page.getByRole('link', { name: TEXTS.fr.otherLanguage, exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await look('en');
  await page.getByRole('link', { name: TEXTS.en.otherLanguage, exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'fr');
}

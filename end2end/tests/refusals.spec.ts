// Everything that is refused: what the person is told, and how they go on.

import { DAY, HOUR, MINUTE, SECOND } from '../support/clock';
import { Person } from '../support/person';
import { expect, test } from '../support/test';

const USERNAME = 'camille.roux';

test.describe('the first code', () => {
  test('a wrong one leaves the QR code in place and says how many tries are left', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    await person.claimsPassword();
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.code.fill(await person.wrongCode(totp));
    await person.button(t.activate).click();
    await person.isTold(t.codeWrong);
    await person.isTold(t.triesLeft(4));
    // What a phone that is off should show, told by the server's clock.
    await person.isTold(/\d{2}:\d{2}:\d{2}/);
    await expect(person.code).toHaveAttribute('aria-invalid', 'true');
    await expect(person.code).toHaveAccessibleDescription(new RegExp(t.codeWrong));
    expect(await person.readsTotp(USERNAME)).toBe(totp);
    // The sentence leads to the field.
    await person.summary.getByRole('button', { name: t.codeWrong }).click();
    await expect(person.code).toBeFocused();
    await person.activates(await person.nextCode(totp));
    await expect(person.page).not.toHaveTitle(t.errorPrefix);
  });

  test('five wrong ones spend the ticket, and the password leads back', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    const password = await person.claimsPassword();
    const lost = await person.goesToAuthenticator(USERNAME);
    for (const left of [4, 3, 2, 1, 0]) {
      await person.code.fill(await person.wrongCode(lost));
      await person.button(t.activate).click();
      await person.isTold(t.triesLeft(left));
    }
    // The right one comes too late.
    await person.code.fill(await person.nextCode(lost));
    await person.button(t.activate).click();
    await person.arrivesAt(t.spentTitle);
    await person.seesNoSecret(password, lost);
    await person.page.getByRole('main').getByRole('link', { name: t.signIn }).click();
    await person.arrivesAt(t.signInTitle);
    await person.sends(USERNAME, password, '');
    await person.arrivesAt(t.resumeTitle);
    const totp = await person.goesToAuthenticator(USERNAME);
    expect(totp).not.toBe(lost);
    await person.activates(await person.nextCode(totp));
  });

  test('one that cannot be a code is refused without spending a try', async ({ person }) => {
    const { t } = person;
    await person.registers(USERNAME);
    await person.claimsPassword();
    const totp = await person.goesToAuthenticator(USERNAME);
    for (const [typed, told] of [['', t.codeMissing], ['1234', t.codeShort(2)]] as const) {
      await person.code.fill(typed);
      await person.button(t.activate).click();
      await person.isTold(told);
    }
    await person.code.fill(await person.wrongCode(totp));
    await person.button(t.activate).click();
    await person.isTold(t.triesLeft(4));
  });
});

test.describe('a code used twice', () => {
  test('does not open a second session, and the next one does', async ({ person }) => {
    const { t } = person;
    const { password, totp } = await person.createsAccount(USERNAME);
    const proof = person.codes.at(-1)!;
    await person.signsOut();
    // The code that proved the authenticator is spent like any other.
    await person.sends(USERNAME, password, proof);
    await person.isTold(t.refused);
    const code = await person.nextCode(totp);
    await person.sends(USERNAME, password, code);
    await person.isInTheAccountOf(USERNAME);
    await person.signsOut();
    await person.sends(USERNAME, password, code);
    await person.isTold(t.refused);
    await person.sends(USERNAME, password, await person.nextCode(totp));
    await person.isInTheAccountOf(USERNAME);
  });

  test('is named as such to the owner who renews', async ({ person }) => {
    const { t } = person;
    const { totp } = await person.createsAccount(USERNAME);
    await person.button(t.renew).click();
    await person.code.fill(person.codes.at(-1)!);
    await person.button(t.renew).click();
    await person.isTold(t.codeUsed);
    await person.isTold(t.triesLeft(4));
    await person.code.fill(await person.nextCode(totp));
    await person.button(t.renew).click();
    await person.arrivesAt(t.claimTitle);
  });
});

test('five wrong codes at the renewal close the session', async ({ person }) => {
  const { t, page } = person;
  const secrets = await person.createsAccount(USERNAME);
  await person.button(t.renew).click();
  for (const left of [4, 3, 2, 1, 0]) {
    await person.code.fill(await person.wrongCode(secrets.totp));
    await person.button(t.renew).click();
    await person.isTold(t.triesLeft(left));
  }
  await person.code.fill(await person.nextCode(secrets.totp));
  await person.button(t.renew).click();
  await expect(page.getByText(t.signInNeeded)).toBeVisible();
  await person.signsIn(secrets);
});

test.describe('a ticket that has lapsed', () => {
  test('before the claim: the same name can be registered again at once', async ({ person, site }) => {
    const { t } = person;
    await person.registers(USERNAME);
    site.clock.advance(11 * MINUTE);
    await person.button(t.showPassword).click();
    await person.arrivesAt(t.spentTitle);
    await person.page.getByRole('main').getByRole('link', { name: t.createAccount }).click();
    await person.arrivesAt(t.createTitle);
    await person.username.fill(USERNAME);
    await person.button(t.createMyAccount).click();
    await person.arrivesAt(t.claimTitle);
    await person.enrols(USERNAME);
  });

  test('after the claim: the password leads to the second step', async ({ person, site }) => {
    const { t } = person;
    await person.registers(USERNAME);
    const password = await person.claimsPassword();
    site.clock.advance(11 * MINUTE);
    await person.button(t.toAuthenticator).click();
    await person.arrivesAt(t.spentTitle);
    await person.seesNoSecret(password);
    await person.opens('/');
    await person.sends(USERNAME, password, '');
    await person.arrivesAt(t.resumeTitle);
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.activates(await person.nextCode(totp));
  });

  test('after the claim without the password: the name is free again after a day', async ({ person, site }) => {
    const { t } = person;
    await person.registers(USERNAME);
    await person.claimsPassword();
    await person.goesToCreation();
    await person.username.fill(USERNAME);
    await person.button(t.createMyAccount).click();
    await person.isTold(t.taken);
    site.clock.advance(24 * HOUR + MINUTE);
    await person.button(t.createMyAccount).click();
    await person.arrivesAt(t.claimTitle);
    await person.enrols(USERNAME);
  });
});

test.describe('a ticket in two tabs', () => {
  test('claims one password: the second tab is told, and the first goes on', async ({ person, context }) => {
    const { t, site, page } = person;
    await person.registers(USERNAME);
    const second = new Person(await context.newPage(), site);
    await second.page.goto(page.url());
    await second.pageIsReady();
    await second.standsAt(t.claimTitle);
    await person.claimsPassword();
    await second.button(t.showPassword).click();
    await second.arrivesAt(t.spentTitle);
    await second.seesNoSecret();
    await expect(second.page.getByRole('main').getByRole('link', { name: t.signIn })).toBeVisible();
    const totp = await person.goesToAuthenticator(USERNAME);
    await person.activates(await person.nextCode(totp));
  });

  test('a reloaded copy of an earlier step is spent as well', async ({ person, context }) => {
    const { t, site, page } = person;
    await person.registers(USERNAME);
    const password = await person.claimsPassword();
    const second = new Person(await context.newPage(), site);
    await second.page.goto(page.url());
    await second.pageIsReady();
    await second.standsAt(t.passwordGoneTitle);
    await second.seesNoSecret(password);
    const totp = await person.goesToAuthenticator(USERNAME);
    await second.button(t.restart).click();
    await second.arrivesAt(t.spentTitle);
    await person.activates(await person.nextCode(totp));
  });

  test('an address of a finished enrolment opens nothing', async ({ person, context }) => {
    const { t, site, page } = person;
    await person.registers(USERNAME);
    await person.claimsPassword();
    const totp = await person.goesToAuthenticator(USERNAME);
    const address = page.url();
    await person.activates(await person.nextCode(totp));
    const second = new Person(await context.newPage(), site);
    await second.page.goto(address);
    await second.pageIsReady();
    await second.code.fill(await second.nextCode(totp));
    await second.button(t.activate).click();
    await second.arrivesAt(t.spentTitle);
  });
});

test('an address cut short says so and shows the ways on', async ({ person }) => {
  const { t, page } = person;
  await person.registers(USERNAME);
  const address = page.url();
  await page.goto('about:blank');
  await page.goto(address.slice(0, -5));
  await person.pageIsReady();
  await person.standsAt(t.incompleteTitle);
  await expect(page.getByRole('main').getByRole('link', { name: t.createAccount })).toBeVisible();
  // Mended by hand in the address bar: the page notices.
  await page.goto(address);
  await person.standsAt(t.claimTitle);
  await person.enrols(USERNAME);
});

test.describe('a name', () => {
  test('that is taken says so at its field, and another one goes on', async ({ person, other }) => {
    const { t } = person;
    await other.createsAccount(USERNAME);
    await person.goesToCreation();
    await person.username.fill(USERNAME);
    await person.button(t.createMyAccount).click();
    await person.isTold(t.taken);
    await expect(person.username).toHaveAttribute('aria-invalid', 'true');
    await expect(person.username).toHaveAccessibleDescription(new RegExp(t.taken));
    await expect(person.username).toHaveValue(USERNAME);
    await person.username.fill('camille.roux2');
    await person.button(t.createMyAccount).click();
    await person.arrivesAt(t.claimTitle);
    await person.enrols('camille.roux2');
  });

  test('that breaks the rule is told before anything is sent', async ({ person }) => {
    const { t, page } = person;
    await person.goesToCreation();
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url()));
    for (const [typed, told] of [
      ['', t.usernameMissing],
      ['   ', t.usernameMissing],
      ['ab', t.usernameLength],
      ['a'.repeat(65), t.usernameLength],
      ['camille roux', t.usernameCharacter],
      ['élodie', t.usernameCharacter],
      ['camille/roux', t.usernameCharacter],
      ['.camille', t.usernameEdge],
      ['camille-', t.usernameEdge],
    ] as const) {
      await person.username.fill(typed);
      await person.button(t.createMyAccount).click();
      await person.isTold(told);
      await expect(person.username).toHaveAttribute('aria-invalid', 'true');
      await expect(person.username).toHaveValue(typed);
    }
    expect(sent).toEqual([]);
    await person.username.fill(USERNAME);
    await person.button(t.createMyAccount).click();
    await person.arrivesAt(t.claimTitle);
  });

  test('that only the server refuses is told at its field as well', async ({ person }) => {
    const { t, page } = person;
    await person.goesToCreation();
    // As if the page's own rule were older than the server's.
    await page.route('**/api/register', (route) => route.continue({ postData: JSON.stringify({ username: 'a b' }) }));
    await person.username.fill(USERNAME);
    await person.button(t.createMyAccount).click();
    await person.isTold(t.invalid);
    await expect(person.username).toHaveAttribute('aria-invalid', 'true');
    await page.unroute('**/api/register');
    await person.button(t.createMyAccount).click();
    await person.arrivesAt(t.claimTitle);
  });
});

test.describe('a sign-in', () => {
  test('that is refused says the same whatever was wrong', async ({ person }) => {
    const { t, page } = person;
    const { password, totp } = await person.createsAccount(USERNAME);
    await person.signsOut();
    const answers: string[] = [];
    const wrongPassword = [...password].reverse().join('');
    for (const [username, typedPassword, code] of [
      [USERNAME, wrongPassword, await person.nextCode(totp)],
      [USERNAME, password, await person.wrongCode(totp)],
      [USERNAME, password, ''],
      ['nobody.here', password, await person.codeNow(totp)],
    ] as const) {
      const answered = page.waitForResponse('**/api/authenticate');
      await person.sends(username, typedPassword, code);
      await person.isTold(t.refused);
      const response = await answered;
      answers.push(`${response.status()} ${await response.text()} ${await person.summary.innerText()}`);
      // The name is worth keeping, the secrets are not.
      await expect(person.username).toHaveValue(username);
      await expect(person.password).toHaveValue('');
      await expect(person.code).toHaveValue('');
      await expect(person.username).not.toHaveAttribute('aria-invalid', 'true');
    }
    expect(new Set(answers).size, answers.join('\n')).toBe(1);
    await person.sends(USERNAME, password, await person.nextCode(totp));
    await person.isInTheAccountOf(USERNAME);
  });

  test('that is empty is told field by field, and each sentence leads to its field', async ({ person }) => {
    const { t, page } = person;
    await person.opens('/');
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url()));
    await person.button(t.signIn).click();
    await person.isTold(t.usernameMissing);
    await person.isTold(t.passwordMissing);
    await person.summary.getByRole('button', { name: t.passwordMissing }).click();
    await expect(person.password).toBeFocused();
    expect(sent).toEqual([]);
  });

  test('that comes too often is slowed down, says for how long, and works afterwards; a known device is not', async ({
    person,
    other,
    site,
  }) => {
    const { t } = person;
    const secrets = await person.createsAccount(USERNAME);
    await person.signsOut();
    await other.opens('/');
    // Wrong guesses from elsewhere, each as soon as it is let in: the delay has grown to 30 s.
    for (let guess = 0; guess < 9; guess += 1) {
      site.clock.advance(31 * SECOND);
      const response = await fetch(`${site.url}/api/authenticate`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: USERNAME, password: 'not-the-password', code: '135790' }),
      });
      expect(response.status).toBe(401);
    }
    // On another device not even the owner is judged.
    await other.sends(USERNAME, secrets.password, await other.codeNow(secrets.totp));
    await other.isTold(t.throttled);
    await other.isTold(/\d+\ssecondes?/);
    // Nothing typed is lost.
    await expect(other.password).toHaveValue(secrets.password);
    // The device that they enrolled on is known, and whoever guesses elsewhere does not hold it up.
    await person.sends(USERNAME, secrets.password, await person.codeNow(secrets.totp));
    await person.isInTheAccountOf(USERNAME);

    await other.code.fill(await other.nextCode(secrets.totp));
    site.clock.advance(1 * SECOND);
    await other.button(t.signIn).click();
    await other.isInTheAccountOf(USERNAME);
  });

  test('shows what was typed on demand, and hides it again when it is sent', async ({ person }) => {
    const { t } = person;
    await person.opens('/');
    await person.sends(USERNAME, 'not-the-password', '135790');
    await person.isTold(t.refused);
    await person.password.fill('visible');
    await person.button(t.show).click();
    await expect(person.password).toHaveAttribute('type', 'text');
    await expect(person.button(t.show)).toHaveAttribute('aria-pressed', 'true');
    await person.button(t.signIn).click();
    await expect(person.password).toHaveAttribute('type', 'password');
  });

  test('ignores a second press of the button', async ({ person }) => {
    const { t, page } = person;
    await person.opens('/');
    let calls = 0;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/api/authenticate', async (route) => {
      calls += 1;
      await held;
      await route.continue();
    });
    await person.sends(USERNAME, 'not-the-password', '135790');
    await expect(person.button(t.signIn)).toHaveAttribute('aria-busy', 'true');
    await person.button(t.signIn).dispatchEvent('click');
    await person.code.press('Enter');
    release();
    await person.isTold(t.refused);
    expect(calls).toBe(1);
  });
});

test.describe('a session that is over', () => {
  for (const [name, ahead] of [['unused for half an hour', 31 * MINUTE], ['older than its secrets', 184 * DAY]] as const) {
    test(`(${name}) leads from the account to signing in`, async ({ person, site }) => {
      const { t, page } = person;
      await person.createsAccount(USERNAME);
      site.clock.advance(ahead);
      await page.reload();
      await expect(page.getByText(t.signInNeeded)).toBeVisible();
      await expect(page).toHaveURL(`${site.url}/`);
      await expect(page.getByText(t.validUntil)).toHaveCount(0);
    });
  }

  test('leads there from its own buttons too', async ({ person, site }) => {
    const { t, page } = person;
    const { password, totp } = await person.createsAccount(USERNAME);
    await person.button(t.renew).click();
    site.clock.advance(31 * MINUTE);
    await person.code.fill(await person.codeNow(totp));
    await person.button(t.renew).click();
    await expect(page.getByText(t.signInNeeded)).toBeVisible();

    await person.sends(USERNAME, password, await person.nextCode(totp));
    await person.isInTheAccountOf(USERNAME);
    site.clock.advance(31 * MINUTE);
    await person.signsOut();
  });
});

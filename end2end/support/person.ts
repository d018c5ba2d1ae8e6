// A person at the browser, with a password manager and an authenticator: what they do, in the
// words of the pages, and what they keep.

import { type Locator, type Page, expect } from '@playwright/test';

import { SECOND } from './clock';
import { scan } from './qr';
import type { Site } from './site';
import { type Lang, TEXTS, type Texts } from './texts';
import { codeAt, wrongCodeAt } from './totp';

/** What a person keeps after an enrolment. */
export interface Secrets {
  username: string;
  password: string;
  totp: string;
}

const PASSWORD = /^[\x21-\x7e]{24}$/;
const TOTP_SECRET = /^[A-Z2-7]{32}$/;

export class Person {
  /** Every code this person ever typed. */
  readonly codes: string[] = [];

  constructor(
    public page: Page,
    readonly site: Site,
    readonly lang: Lang = 'fr',
  ) {}

  get t(): Texts {
    return TEXTS[this.lang];
  }

  // --- Things on the page -----------------------------------------------------------------------

  get heading(): Locator {
    return this.page.getByRole('heading', { level: 1 });
  }
  get username(): Locator {
    return this.page.getByLabel(this.t.username, { exact: true });
  }
  get password(): Locator {
    return this.page.getByLabel(this.t.password, { exact: true });
  }
  get code(): Locator {
    return this.page.getByLabel(this.t.code, { exact: true });
  }
  get passwordQr(): Locator {
    return this.page.getByRole('img', { name: this.t.passwordQr, exact: true });
  }
  get totpQr(): Locator {
    return this.page.getByRole('img', { name: this.t.totpQr, exact: true });
  }
  get passwordText(): Locator {
    return this.page.getByTestId('password-text');
  }
  get totpText(): Locator {
    return this.page.getByTestId('totp-secret-text');
  }
  /** The summary of what went wrong. */
  get summary(): Locator {
    return this.page.getByRole('alert');
  }
  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }
  link(name: string): Locator {
    return this.page.getByRole('link', { name, exact: true });
  }

  // --- What they see ----------------------------------------------------------------------------

  /** They stand at the page or step with this heading. */
  async standsAt(title: string): Promise<void> {
    await expect(this.heading).toContainText(title);
  }

  /** The path's heading carries the step as well; the focus went to it when it came. */
  async arrivesAt(title: string): Promise<void> {
    await this.standsAt(title);
    await expect(this.heading).toBeFocused();
  }

  /** They are told this, where their attention is. */
  async isTold(text: string | RegExp): Promise<void> {
    await expect(this.summary).toContainText(text);
    await expect(this.summary).toBeFocused();
    await expect(this.page).toHaveTitle(this.t.errorPrefix);
  }

  /** The browser's half has taken over: buttons work from here on. */
  async pageIsReady(): Promise<void> {
    await expect(this.page.locator('main button:disabled')).toHaveCount(0);
    await expect(this.page.locator('.late')).toHaveCount(0);
  }

  /** Neither secret stands anywhere in the document. */
  async seesNoSecret(...secrets: string[]): Promise<void> {
    await expect(this.passwordQr).toHaveCount(0);
    await expect(this.totpQr).toHaveCount(0);
    await expect(this.passwordText).toHaveCount(0);
    await expect(this.totpText).toHaveCount(0);
    const held = await this.page.evaluate(() =>
      [document.documentElement.outerHTML, ...[...document.querySelectorAll('input')].map((input) => input.value)].join('\n'),
    );
    for (const secret of secrets) expect(held.includes(secret), 'a secret is still in the document').toBe(false);
  }

  /** Reads the password by camera and by eye: both say the same. */
  async readsPassword(): Promise<string> {
    await expect(this.passwordQr).toBeVisible();
    const text = await this.passwordText.innerText().then(ungapped);
    expect(await scan(this.passwordQr), 'the QR code and the text beside it').toBe(text);
    expect(text).toMatch(PASSWORD);
    return text;
  }

  /** Adds the account to the authenticator by camera, and checks it against the text. */
  async readsTotp(username: string, issuer = 'COFRAP'): Promise<string> {
    await expect(this.totpQr).toBeVisible();
    const uri = new URL(await scan(this.totpQr));
    expect(uri.protocol + '//' + uri.host).toBe('otpauth://totp');
    expect(decodeURIComponent(uri.pathname)).toBe(`/${issuer}:${username}`);
    expect(uri.searchParams.get('issuer')).toBe(issuer);
    // Absent parameters mean these values; others would not suit every authenticator.
    expect(uri.searchParams.get('algorithm') ?? 'SHA1').toBe('SHA1');
    expect(uri.searchParams.get('digits') ?? '6').toBe('6');
    expect(uri.searchParams.get('period') ?? '30').toBe('30');
    const secret = uri.searchParams.get('secret') ?? '';
    expect(secret).toMatch(TOTP_SECRET);
    expect(await this.totpText.innerText().then(ungapped), 'the text beside the QR code').toBe(secret);
    return secret;
  }

  // --- Codes ------------------------------------------------------------------------------------

  /** The code that the authenticator shows right now. */
  async codeNow(totp: string): Promise<string> {
    const code = await codeAt(totp, this.site.clock.now());
    this.codes.push(code);
    return code;
  }

  /** Waits for the next code, by the clock of the servers. */
  async nextCode(totp: string): Promise<string> {
    this.site.clock.advance(30 * SECOND);
    return this.codeNow(totp);
  }

  async wrongCode(totp: string): Promise<string> {
    return wrongCodeAt(totp, this.site.clock.now());
  }

  // --- What they do -----------------------------------------------------------------------------

  /** Types the address of a page. */
  async opens(path: string): Promise<void> {
    await this.follows(this.site.url + path);
  }

  /** Follows a link from outside. */
  async follows(link: string): Promise<void> {
    await this.page.goto(link);
    await this.pageIsReady();
  }

  async goesToCreation(): Promise<void> {
    await this.opens('/');
    await this.link(this.t.createAccount).click();
    await this.arrivesAt(this.t.createTitle);
  }

  /** Creates an account as far as the claim of the password. */
  async registers(username: string): Promise<void> {
    await this.goesToCreation();
    await this.username.fill(username);
    await this.button(this.t.createMyAccount).click();
    await this.arrivesAt(this.t.claimTitle);
  }

  async claimsPassword(): Promise<string> {
    await this.button(this.t.showPassword).click();
    await this.arrivesAt(this.t.passwordTitle);
    return this.readsPassword();
  }

  async goesToAuthenticator(username: string): Promise<string> {
    await this.button(this.t.toAuthenticator).click();
    await this.arrivesAt(this.t.authenticatorTitle);
    return this.readsTotp(username);
  }

  /** Proves the authenticator with `code` and arrives in the account. */
  async activates(code: string): Promise<void> {
    await this.code.fill(code);
    await this.button(this.t.activate).click();
    await expect(this.page).toHaveURL(`${this.site.url}/compte`);
    await expect(this.page.getByText(this.t.activated)).toBeVisible();
    await expect(this.page.getByText(this.t.validUntil)).toBeVisible();
  }

  /** From the claim of the password to the account. */
  async enrols(username: string): Promise<Secrets> {
    const password = await this.claimsPassword();
    const totp = await this.goesToAuthenticator(username);
    await this.activates(await this.nextCode(totp));
    return { username, password, totp };
  }

  /** The whole way from nothing to an active account. */
  async createsAccount(username: string): Promise<Secrets> {
    await this.registers(username);
    return this.enrols(username);
  }

  async signsOut(): Promise<void> {
    await this.button(this.t.signOut).click();
    await expect(this.page.getByText(this.t.signedOut)).toBeVisible();
    await expect(this.page).toHaveURL(`${this.site.url}/`);
    await expect(this.heading).toBeFocused();
  }

  /** Fills the three fields of the sign-in page they stand at, and sends them. */
  async sends(username: string, password: string, code: string): Promise<void> {
    await this.username.fill(username);
    await this.password.fill(password);
    await this.code.fill(code);
    await this.button(this.t.signIn).click();
  }

  /** Signs in with a fresh code, from wherever they are. */
  async signsIn(secrets: Secrets): Promise<void> {
    await this.opens('/');
    await this.sends(secrets.username, secrets.password, await this.nextCode(secrets.totp));
    await this.isInTheAccountOf(secrets.username);
  }

  async isInTheAccountOf(username: string): Promise<void> {
    await expect(this.page).toHaveURL(`${this.site.url}/compte`);
    await this.arrivesAt(username);
    await expect(this.page.getByText(this.t.validUntil)).toBeVisible();
  }

  /** The day that the account page gives as the last one. */
  async readsValidUntil(): Promise<Date> {
    const term = this.page.locator('dt', { hasText: this.t.validUntil });
    return dateOf(await term.locator('xpath=following-sibling::dd[1]').innerText());
  }
}

function ungapped(text: string): string {
  return text.replace(/\s/g, '');
}

const MONTHS = [
  ['janvier', 'January'], ['février', 'February'], ['mars', 'March'], ['avril', 'April'], ['mai', 'May'],
  ['juin', 'June'], ['juillet', 'July'], ['août', 'August'], ['septembre', 'September'],
  ['octobre', 'October'], ['novembre', 'November'], ['décembre', 'December'],
];

/** `23 mai 2027`, `1er mai 2027` or `23 May 2027`, at noon UTC. */
export function dateOf(text: string): Date {
  const [, day, name, year] = /^(\d{1,2})(?:er)? (\p{L}+) (\d{4})$/u.exec(text.trim()) ?? [];
  const month = MONTHS.findIndex((names) => names.includes(name ?? ''));
  if (month < 0) throw new Error(`not a date: ${text}`);
  return new Date(Date.UTC(Number(year), month, Number(day), 12));
}

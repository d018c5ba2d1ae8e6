// The test of this project: a Sésame of its own, a person at the browser, and a watch that fails
// the test where the browser reports a violated policy or the page's program breaks.

import { type BrowserContext, test as base, expect } from '@playwright/test';

import { withoutPostgres } from './postgres';
import { Person } from './person';
import type { Settings } from './server';
import { type Site, onPostgres, onSqlite, onSqliteBehindProxy } from './site';
import { skipUnless } from './skips';
import type { Lang } from './texts';

export { expect };

interface Options {
  lang: Lang;
  database: 'sqlite' | 'sqlite-behind-proxy' | 'postgres';
  settings: Settings;
  /** Complaints of the browser that a test brings about itself. */
  tolerated: RegExp | undefined;
}

interface Fixtures {
  site: Site;
  person: Person;
  /** Another person, or another device: nothing is shared with the first but the site. */
  other: Person;
}

const START = { sqlite: onSqlite, 'sqlite-behind-proxy': onSqliteBehindProxy, postgres: onPostgres };

export const test = base.extend<Options & Fixtures>({
  lang: ['fr', { option: true }],
  database: ['sqlite', { option: true }],
  settings: [{}, { option: true }],
  tolerated: [undefined, { option: true }],

  site: async ({ database, settings }, use, testInfo) => {
    if (database === 'postgres') skipUnless(testInfo, withoutPostgres());
    const site = await START[database](settings);
    await use(site);
    try {
      await site.close();
    } finally {
      if (testInfo.status !== testInfo.expectedStatus) {
        for (const [index, server] of site.servers.entries()) {
          await testInfo.attach(`server-${index + 1}.log`, { body: server.log, contentType: 'text/plain' });
          await server.kill();
        }
      }
    }
  },

  locale: async ({ lang }, use) => use(LOCALES[lang]),
  baseURL: async ({ site }, use) => use(site.url),

  context: async ({ context, tolerated }, use) => {
    const faults = await watch(context);
    await use(context);
    expect(faults.filter((fault) => !tolerated?.test(fault)), 'what the browser complained about').toEqual([]);
  },

  person: async ({ page, site, lang }, use) => use(new Person(page, site, lang)),

  other: async ({ browser, site, lang }, use) => {
    const context = await browser.newContext({ locale: LOCALES[lang], baseURL: site.url });
    const faults = await watch(context);
    await use(new Person(await context.newPage(), site, lang));
    await context.close();
    expect(faults, 'what the other browser complained about').toEqual([]);
  },
});

const LOCALES: Record<Lang, string> = { fr: 'fr-FR', en: 'en-GB' };

/** Collects violations of the content security policy and breakdowns of the page's program. */
async function watch(context: BrowserContext): Promise<string[]> {
  const faults: string[] = [];
  await context.exposeBinding('reportViolation', (_, violation: string) => {
    faults.push(violation);
  });
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      const report = (window as unknown as { reportViolation(text: string): void }).reportViolation;
      report(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  context.on('console', (message) => {
    if (/Content.Security.Policy|panicked|unreachable|hydrat/i.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => faults.push(`page: ${error.error().stack ?? error.error().message}`));
  return faults;
}

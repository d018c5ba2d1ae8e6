// The README's picture: the second step of an enrolment, on a throw-away server.

import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { test } from '../support/test';

const FILE = path.resolve(__dirname, '../../docs/images/enrolment.png');

test('the second step of an enrolment', async ({ person }) => {
  const { page } = person;
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await person.registers('camille.roux');
  await person.claimsPassword();
  await person.goesToAuthenticator('camille.roux');
  await person.heading.blur();
  mkdirSync(path.dirname(FILE), { recursive: true });
  await page.screenshot({ path: FILE, fullPage: true, animations: 'disabled' });
});

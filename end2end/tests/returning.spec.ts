// Forward authentication as a person meets it: another application sends them to sign in, and the
// sign-in leads back to it, or to nowhere else.

import { expect, test } from '../support/test';

const WIKI = 'http://wiki.app.localhost';
const PAGE = `${WIKI}/pages/accueil?a=1`;

test.use({
  settings: {
    SESAME_PUBLIC_URL: 'http://sesame.app.localhost',
    SESAME_FORWARD_AUTH_DOMAIN: 'app.localhost',
    SESAME_FORWARD_AUTH_HOSTS: 'wiki.app.localhost',
  },
});

test('a sign-in leads back to the application that asked for it, and only to one on the list', async ({
  person,
  page,
  context,
  site,
}) => {
  const { t } = person;
  const asked: string[] = [];
  await context.route(/^http:\/\/(wiki\.app\.localhost|evil\.example)\//, async (route) => {
    asked.push(route.request().url());
    await route.fulfill({ contentType: 'text/html', body: '<title>Wiki</title>' });
  });
  const secrets = await person.createsAccount('camille.roux');
  const server = `http://sesame.app.localhost:${site.servers[0]!.port}`;
  const signsInFrom = async (target: string) => {
    await page.goto(`${server}/?retour=${encodeURIComponent(target)}`);
    await person.pageIsReady();
    await expect(page.getByText(t.returning)).toBeVisible();
    await person.sends(secrets.username, secrets.password, await person.nextCode(secrets.totp));
  };

  await signsInFrom(PAGE);
  await expect(page).toHaveURL(PAGE);
  expect(asked).toEqual([PAGE]);
  const forward = (await context.cookies(WIKI)).find((cookie) => cookie.name === 'sesame-forward');
  expect(forward, 'the application is shown a cookie of its own').toMatchObject({ httpOnly: true, domain: '.app.localhost' });
  expect((await context.cookies(WIKI)).map((cookie) => cookie.name)).not.toContain('sesame');

  // Whoever is signed in already has no form before them.
  await page.goto(`${server}/?retour=${encodeURIComponent(PAGE)}`);
  await person.pageIsReady();
  await person.link(t.goOn).click();
  await expect(page).toHaveURL(PAGE);

  for (const stranger of ['http://evil.example/', 'http://wiki.app.localhost@evil.example/', '//evil.example', 'javascript:alert(1)']) {
    await context.clearCookies();
    await signsInFrom(stranger);
    await page.waitForURL((url) => !url.search.includes('retour'));
    expect(new URL(page.url()).host, stranger).toBe(new URL(server).host);
  }
  expect(asked.filter((url) => !url.startsWith(WIKI))).toEqual([]);
});

import { defineConfig } from '@playwright/test';

// Every test starts the real binary on a database of its own (support/server.ts), so tests may run
// side by side and in any order. `scripts/test browser` runs them; alone: `npx playwright test`.
export default defineConfig({
  testDir: './tests',
  outputDir: './test-results/runs',
  globalSetup: './support/needs.ts',
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  workers: 2,
  // A shared machine of two cores may be slow; a test that passes is not.
  timeout: 180_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: './test-results/report.json' }]],
  use: {
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    timezoneId: 'Europe/Paris',
    viewport: { width: 1280, height: 900 },
    // It makes every test a third longer, and in CI nobody can open it.
    trace: process.env.CI ? 'off' : 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
});

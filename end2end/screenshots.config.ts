import { defineConfig } from '@playwright/test';

import base from './playwright.config';

// Pictures for people to look at: `npm run screenshots` takes every page and state,
// `npm run picture` the one of the README. Nothing here is a test.
export default defineConfig({
  ...base,
  testDir: './screenshots',
  outputDir: './test-results/screenshot-runs',
  timeout: 600_000,
  reporter: 'list',
});

// A test that does not run says so in the file that scripts/test sums up.

import { appendFileSync } from 'node:fs';

import type { TestInfo } from '@playwright/test';

export function skipUnless(testInfo: TestInfo, reason: string | undefined): void {
  if (!reason) return;
  const log = process.env.SESAME_TEST_SKIP_LOG;
  if (log) appendFileSync(log, `SKIPPED (${reason}): ${testInfo.titlePath.join(' › ')}\n`);
  testInfo.skip(true, reason);
}

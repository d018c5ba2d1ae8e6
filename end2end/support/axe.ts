// What axe finds wrong with the page as it stands.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** The findings, in short; none where all is well. */
export async function complaints(page: Page, leftOut: string[] = []): Promise<string[]> {
  const axe = new AxeBuilder({ page }).setLegacyMode();
  // What passes is not described: it would take longer than finding what does not.
  const { violations } = await axe.options({ resultTypes: ['violations'] }).disableRules(leftOut).analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} (${node.any.concat(node.all, node.none).map((check) => check.message).join('; ')})`),
  );
}

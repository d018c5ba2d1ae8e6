// What axe finds wrong with the page as it stands.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** The rules that look at colours: all that another theme can change of a page that stays the same. */
const COLOURS = ['color-contrast', 'link-in-text-block'];

/** Which of axe's rules are asked. */
export interface Rules {
  /** Those that look at colours alone. */
  coloursOnly?: boolean;
  /** Where the colours are the reader's own. */
  withoutContrast?: boolean;
}

/** The findings, in short; none where all is well. */
export async function complaints(page: Page, { coloursOnly, withoutContrast }: Rules = {}): Promise<string[]> {
  const leftOut = withoutContrast ? ['color-contrast'] : [];
  // What passes is not described: it would take longer than finding what does not.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
  if (coloursOnly) axe.withRules(COLOURS.filter((rule) => !leftOut.includes(rule)));
  else axe.disableRules(leftOut);
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} (${node.any.concat(node.all, node.none).map((check) => check.message).join('; ')})`),
  );
}

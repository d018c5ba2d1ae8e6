// What the tests need, asked once before them all: a sentence instead of a hundred failures.

import { execFileSync } from 'node:child_process';

import { Clock } from './clock';
import { binaryIsThere } from './server';

export default function needs(): void {
  binaryIsThere();
  Clock.isThere();
  for (const [program, version, packet] of [['zbarimg', '--version', 'zbar-tools'], ['oathtool', '--version', 'oathtool']] as const) {
    try {
      execFileSync(program, [version], { stdio: 'ignore' });
    } catch {
      throw new Error(`${program} is missing: apt-get install ${packet}, or let \`make e2e\` set everything up.`);
    }
  }
}

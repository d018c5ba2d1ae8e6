// Codes come from oathtool, which knows nothing of how Sésame computes them.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The code that an authenticator with this secret shows at `moment`. */
export async function codeAt(secret: string, moment: Date): Promise<string> {
  const now = `${moment.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const { stdout } = await promisify(execFile)('oathtool', ['--totp', '-b', secret, '--now', now]);
  return stdout.trim();
}

/** Six digits that this secret shows at no time near `moment`. */
export async function wrongCodeAt(secret: string, moment: Date): Promise<string> {
  const near = await Promise.all(
    [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((steps) => codeAt(secret, new Date(moment.getTime() + steps * 30_000))),
  );
  return ['135790', '246801', '975312', '864200', '112233', '445566', '778899', '102938', '564738', '019283'].find(
    (code) => !near.includes(code),
  )!;
}

// QR codes are read off the screen by zbar, which knows nothing of how they were drawn.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import type { Locator } from '@playwright/test';

/** What the one QR code in the picture says. */
export async function decode(png: Buffer): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sesame-qr-'));
  try {
    const file = path.join(folder, 'qr.png');
    await writeFile(file, png);
    const args = ['--nodbus', '--raw', '-q', '-Sdisable', '-Sqrcode.enable', file];
    const { stdout } = await promisify(execFile)('zbarimg', args);
    const lines = stdout.split('\n').filter((line) => line !== '');
    if (lines.length !== 1) throw new Error(`${lines.length} QR codes in the picture`);
    return lines[0]!;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the QR code on the page says, as a camera would see it. */
export async function scan(image: Locator): Promise<string> {
  return decode(await image.screenshot());
}

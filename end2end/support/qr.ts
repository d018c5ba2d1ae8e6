// QR codes are read off the screen by zbar, which knows nothing of how they were drawn.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import type { Locator } from '@playwright/test';

/** What the one QR code in the picture says. */
export async function decode(picture: Buffer, kind = 'png'): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sesame-qr-'));
  try {
    const file = path.join(folder, `qr.${kind}`);
    await writeFile(file, picture);
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

/** Pixels for a module of a QR code that is made of characters. */
const SCALE = 6;
/** Which halves of a character are dark. */
const HALVES: Record<string, [boolean, boolean]> = {
  '█': [true, true],
  '▀': [true, false],
  '▄': [false, true],
  ' ': [false, false],
};

/** What the QR code in a terminal says, black on white as its escape sequences have it. */
export async function decodeText(printed: string): Promise<string> {
  const lines = [...printed.matchAll(/^\x1b\[30;107m(.*)\x1b\[0m$/gm)].map((match) => [...match[1]!]);
  const rows = lines.flatMap((line) => [0, 1].map((half) => line.map((character) => HALVES[character]![half]!)));
  const wide = rows.map((row) => row.flatMap((dark) => Array<boolean>(SCALE).fill(dark)));
  const pixels = wide.flatMap((row) => Array<boolean[]>(SCALE).fill(row));
  const text = pixels.map((row) => row.map((dark) => (dark ? '1' : '0')).join(' ')).join('\n');
  return decode(Buffer.from(`P1\n${pixels[0]?.length ?? 0} ${pixels.length}\n${text}\n`), 'pbm');
}

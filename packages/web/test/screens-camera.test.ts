import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeQR } from 'qr';
import { afterAll, beforeAll, test } from 'vitest';
import { openScreensSite, press, reach, type Opening, type ScreensSite } from './support/screens-site.ts';

const link = `https://relay-7.example:8443/x8Kq2mBf/#i${'Qm9hdHNBcmVOb3RMb3N0'.repeat(12)}`;
const linking: Opening = { home: 'open', inviter: 'Ben', route: { kind: 'link' } };

let dir: string;
let site: ScreensSite;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tern-camera-'));
  const film = join(dir, 'code.y4m');
  await writeFile(film, filmOf(link));
  site = await openScreensSite([
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-video-capture=${film}`,
  ]);
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

test('a camera that sees a QR code reads the link, and is off again', async () => {
  const page = await site.open(linking);
  await page.evaluate(watchTracks);
  await press(page, 'Scan with the camera');
  await page.getByRole('heading', { name: 'invites you' }).waitFor();
  await page.waitForFunction(() => document.documentElement.dataset['cameras'] === '0');
  await page.context().close();
});

test('a camera that is not allowed is said calmly, with what to do instead', async () => {
  const page = await site.open(linking);
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await press(page, 'Scan with the camera');
  await page.getByText('The camera is not allowed here').waitFor();
  await press(page, 'Close');
  await reach(page, 'Scan with the camera');
  await page.context().close();
});

test('leaving while the camera is on turns it off', async () => {
  const page = await site.open(linking);
  await page.evaluate(watchTracks);
  // a reader that never sees anything
  await page.evaluate(() => {
    HTMLVideoElement.prototype.play = () => new Promise(() => undefined);
  });
  await press(page, 'Scan with the camera');
  await page.waitForFunction(() => document.documentElement.dataset['cameras'] === '1');
  await press(page, 'Stop the camera');
  await page.waitForFunction(() => document.documentElement.dataset['cameras'] === '0');
  await page.getByRole('button', { name: 'Scan with the camera' }).waitFor();
  await page.context().close();
});

/** Keeps the number of cameras that the page has on where a test can look. Runs in the page. */
function watchTracks(): void {
  const tracks: MediaStreamTrack[] = [];
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const stream = await open(wish);
    tracks.push(...stream.getTracks());
    return stream;
  };
  setInterval(() => {
    const live = tracks.filter(({ readyState }) => readyState === 'live');
    document.documentElement.dataset['cameras'] = String(live.length);
  }, 20);
}

/** A film of two frames that show a QR code, in the uncompressed format that Chromium takes for a camera. */
function filmOf(text: string): Uint8Array {
  const [width, height] = [640, 480];
  const rows = encodeQR(text, 'raw', { ecc: 'low', border: 4 });
  const scale = Math.floor(height / rows.length);
  const luma = new Uint8Array(width * height).fill(235);
  for (const [y, row] of rows.entries())
    for (const [x, dark] of row.entries())
      for (let line = y * scale; line < (y + 1) * scale; line++)
        luma.fill(dark ? 16 : 235, line * width + x * scale, line * width + (x + 1) * scale);
  const colour = new Uint8Array((width * height) / 2).fill(128);
  const frame = [Buffer.from('FRAME\n'), luma, colour];
  return Buffer.concat([
    Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420\n`),
    ...frame,
    ...frame,
  ]);
}

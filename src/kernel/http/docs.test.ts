import { expect, test } from 'vitest';

import { createFixture } from './testing/fixture.ts';

test('serves the API reference from this origin alone', async () => {
  const { send } = await createFixture([]);

  const page = await send('/docs');
  const html = await page.text();

  expect(page.status).toBe(200);
  expect(html).not.toMatch(/https?:/);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
  const scripts = Array.from(html.matchAll(/src="([^"]+)"/g), ([, source = '']) => source);
  expect(scripts).toHaveLength(2);
  for (const script of scripts) {
    const answer = await send(script);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/javascript']);
  }
});

test('names the reference by its content, for ever; compressed for who can read that', async () => {
  const { send } = await createFixture([]);
  const [, source = ''] = /src="(\/docs\/reference-[0-9a-f]{16}\.js)"/.exec(await (await send('/docs')).text()) ?? [];

  const plain = await send(source);
  const packed = await send(source, { headers: { 'accept-encoding': 'gzip' } });

  expect(plain.headers.get('cache-control')).toContain('immutable');
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  const [plainSize, packedSize] = await Promise.all(
    [plain, packed].map(async (answer) => (await answer.arrayBuffer()).byteLength),
  );
  expect(packedSize).toBeLessThan((plainSize ?? 0) / 2);
  expect((await send('/docs/reference-0000000000000000.js')).status).toBe(404);
});

test('turns off all that would leave this origin', async () => {
  const { send } = await createFixture([]);

  const script = await (await send('/docs/start.js')).text();

  const options = JSON.parse(/\{.*\}/s.exec(script)?.[0] ?? '');
  expect(options).toMatchObject({
    url: '/openapi.json',
    proxyUrl: '',
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
  });
});

test('leads from the root to the reference', async () => {
  const { send } = await createFixture([]);

  const answer = await send('/');

  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/docs']);
});

import fc from 'fast-check';

const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, weight = 5): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });

const visible = (maxLength: number) =>
  fc.array(fc.integer({ min: 0x21, max: 0x7e }), { maxLength }).map((codes) => String.fromCharCode(...codes));
/** One byte a character, as it stands on the wire; seldom what the parser refuses, so that most requests get past it. */
const bytesText = (maxLength: number) =>
  mostly(
    visible(maxLength),
    fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    40,
  );
const escapes = fc.constantFrom(
  '%zz',
  '%',
  '%00',
  '%ff',
  '%c3%28',
  '%2F',
  '%2e%2e',
  '..',
  '.',
  '',
  '%20',
  '\\',
  ';',
  '*',
  ':',
  '__proto__',
  '%ED%A0%80',
  'ä',
  '\t',
);
const segment = fc.oneof(
  fc.constantFrom('api', 'v1', 'things', 'free', 'lists', 'docs', 'openapi.json', 'health', 'ready', 'metrics'),
  escapes,
  fc.uuid(),
  bytesText(20),
);
const knownPath = fc.oneof(
  fc.oneof(fc.uuid(), escapes, bytesText(12)).map((id) => `/api/v1/things/${id}`),
  fc.constantFrom('/api/v1/free', '/api/v1/lists', '/api/v1/guarded', '/docs/x', '/openapi.json'),
);
const wildPath = fc.oneof(
  fc.array(segment, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
  bytesText(60),
  fc.constantFrom(
    '*',
    '//',
    '///x',
    'http://evil.example/x',
    'http://[',
    '/\\..\\x',
    `/${'a'.repeat(9000)}`,
    '/?',
    '/#',
    '',
  ),
);
const queryPart = fc.oneof(
  fc.constantFrom('limit=5', 'limit=x', 'tags=a', 'name=b', 'cursor=%zz', '__proto__=1', '=', '&&', 'limit=5&limit=6'),
  escapes,
  bytesText(15),
);
const target = fc
  .tuple(mostly(knownPath, wildPath), fc.array(queryPart, { maxLength: 4 }))
  .map(([path, query]) => (query.length > 0 ? `${path}?${query.join('&')}` : path));

const method = mostly(
  fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  fc.constantFrom(
    'HEAD',
    'OPTIONS',
    'PATCH',
    'TRACE',
    'CONNECT',
    'PROPFIND',
    'QUERY',
    'get',
    'BREW',
    '',
    'M-SEARCH',
    '__proto__',
  ),
);
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'content-type',
      'accept-encoding',
      'authorization',
      'traceparent',
      'x-request-id',
      'x-forwarded-for',
      'x-forwarded-host',
      'origin',
      'cookie',
      'expect',
      'content-encoding',
      'user-agent',
      'upgrade',
      'connection',
      'access-control-request-method',
      '__proto__',
      'if-none-match',
      'range',
      'te',
    ),
    fc.oneof(
      fc.constantFrom(
        '',
        'gzip',
        'Bearer good',
        'Bearer',
        'application/json',
        '100-continue',
        'chunked',
        '-1',
        '99999999999999',
        'websocket',
        'Upgrade',
        'null',
        '*',
        '127.0.0.1',
      ),
      bytesText(60),
    ),
  ),
  fc.tuple(
    fc.constantFrom('content-length', 'transfer-encoding', 'host'),
    fc.constantFrom('', 'chunked', 'gzip', '0', '-1', '99999999999', '[::1]', 'evil'),
  ),
  fc.tuple(mostly(fc.constantFrom('x-a', 'x_b', 'via'), bytesText(12)), bytesText(30)),
  fc.tuple(
    fc.constant('x-long'),
    fc.integer({ min: 1, max: 17_000 }).map((size) => 'x'.repeat(size)),
  ),
);
const text = fc.oneof(
  fc.json({ maxDepth: 5 }),
  fc
    .record(
      {
        name: fc.string({ unit: 'binary', maxLength: 20 }),
        tags: fc.array(fc.string({ maxLength: 5 })),
        nested: fc.anything(),
      },
      { requiredKeys: [] },
    )
    .map((value) => toText(value)),
  fc.constantFrom(
    '',
    'null',
    '[]',
    '{}',
    '{"name":"\\u0000"}',
    '{"name":"\\ud800"}',
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":{}}}',
    '{"nested":{"a":1e999}}',
    '\ufeff{}',
  ),
  fc.integer({ min: 1, max: 20_000 }).map((depth) => `{"nested":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  fc.integer({ min: 60_000, max: 90_000 }).map((size) => `{"name":"${'x'.repeat(size)}"}`),
);
const toText = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
const body = fc.oneof(
  text.map((made) => Buffer.from(made)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const framing = fc.oneof(
  { weight: 90, arbitrary: fc.constantFrom('length', 'chunked') },
  { weight: 9, arbitrary: fc.constantFrom('none', 'long', 'broken') },
  // Each of these waits for its deadline.
  { weight: 1, arbitrary: fc.constant('short') },
);

const wellFramed = fc
  .record({
    method,
    target,
    headers: fc.array(header, { maxLength: 2 }),
    body,
    framing,
    isJson: mostly(fc.constant(true), fc.constant(false)),
  })
  .map((request) => {
    const lines = [
      `${request.method} ${request.target} HTTP/1.1`,
      'Host: 127.0.0.1',
      'Connection: close',
      ...(request.isJson ? ['content-type: application/json'] : []),
      ...request.headers.map(([name, value]) => `${name}: ${value}`),
    ];
    return frame(lines, request.body, request.framing);
  });

const frame = (lines: readonly string[], content: Buffer, how: string): Buffer => {
  const chunk = Buffer.concat([
    Buffer.from(`${content.length.toString(16)}\r\n`),
    content,
    Buffer.from('\r\n0\r\n\r\n'),
  ]);
  const framings: Readonly<Record<string, readonly [string, Buffer]>> = {
    length: [`content-length: ${content.length}`, content],
    chunked: ['transfer-encoding: chunked', content.length === 0 ? Buffer.from('0\r\n\r\n') : chunk],
    short: [`content-length: ${content.length + 10}`, content],
    long: [`content-length: ${Math.max(0, content.length - 10)}`, content],
    broken: ['transfer-encoding: chunked', Buffer.from('zz\r\nrubbish')],
  };
  const [line, sent] = framings[how] ?? ['x-none: 1', Buffer.alloc(0)];
  return Buffer.concat([Buffer.from(`${[...lines, line].join('\r\n')}\r\n\r\n`, 'latin1'), sent]);
};

const notHttp = fc.oneof(
  fc
    .uint8Array({ minLength: 1, maxLength: 300 })
    .map((bytes) => Buffer.concat([Buffer.from(bytes), Buffer.from('\r\n\r\n')])),
  fc
    .constantFrom(
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET / HTTP/1.1\r\n: x\r\n\r\n',
      'GET / HTTP/1.1\r\nHost\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    )
    .map((line) => Buffer.from(line, 'latin1')),
);

/** Requests as bytes: most get past the parser, few mean anything. */
export const anyRequest: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 9, arbitrary: wellFramed },
  { weight: 1, arbitrary: notHttp },
);

/** Whether the request line and the host were left as they have to be. */
export const isHttp = (request: Buffer): boolean => request.includes('HTTP/1.1\r\nHost: 127.0.0.1');

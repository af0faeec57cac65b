import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { AppError } from '../error.ts';
import { describeConfig } from './describe.ts';
import { loadConfig } from './load-config.ts';
import type { Problem } from './problem.ts';
import { secret } from './secret.ts';
import type { FlagValue } from './variable-layer.ts';

const schema = () =>
  z.strictObject({
    name: z.string().default('stone'),
    http: z
      .strictObject({
        port: z.int().default(8080),
        metricsPort: z.int().optional(),
        origins: z.array(z.string()).default([]),
        isOpen: z.boolean().default(false),
      })
      .prefault({}),
    vault: z
      .strictObject({
        masterKey: secret(z.string()).optional(),
        url: secret(z.string(), { minLength: 0 }).optional(),
        headers: secret(z.record(z.string(), z.string()), { minLength: 0 }).optional(),
        limits: z.strictObject({ keepDays: z.int().default(1) }).prefault({}),
      })
      .prefault({}),
  });

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ashlar-config-'));
  mkdirSync(join(root, 'config'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

type Given = {
  readonly yaml?: string;
  readonly env?: Record<string, string>;
  readonly flags?: readonly FlagValue[];
  readonly appEnv?: string;
};

const load = ({ yaml = '', env = {}, flags = [], appEnv = 'local' }: Given = {}) => {
  writeFileSync(join(root, 'config', `${appEnv}.yaml`), yaml);
  const options = { schema: schema(), complete: (settings: z.output<ReturnType<typeof schema>>) => settings };
  return loadConfig({ ...options, appEnv, directory: join(root, 'config'), root, env, flags });
};

const problemsOf = (attempt: () => unknown): readonly Problem[] => {
  try {
    attempt();
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    expect(thrown).toMatchObject({ code: 'CONFIG_INVALID', kind: 'conflict' });
    return z.array(z.custom<Problem>()).parse(thrown.details['problems']);
  }
  throw new Error('the configuration was accepted');
};
const refuse = (given: Given) => problemsOf(() => load(given));

describe('layers', () => {
  const yaml = 'http:\n  port: 1\n  metricsPort: 1\n';
  const flags = [{ flag: '--port', path: 'http.port', value: '3' }];

  test('a later layer wins: default, file, variable, flag', () => {
    const { config } = load({ yaml, env: { ASHLAR_HTTP__PORT: '2', ASHLAR_HTTP__METRICS_PORT: '2' }, flags });
    expect(config).toMatchObject({ name: 'stone', http: { port: 3, metricsPort: 2, isOpen: false } });
    expect(load({ yaml }).config.http.port).toBe(1);
  });

  test('every value tells where it comes from', () => {
    const rows = describeConfig(load({ yaml, env: { ASHLAR_HTTP__METRICS_PORT: '2' }, flags }));
    expect(rows).toContainEqual({ path: 'http.port', value: 3, origin: '--port' });
    expect(rows).toContainEqual({ path: 'http.metricsPort', value: 2, origin: 'ASHLAR_HTTP__METRICS_PORT' });
    expect(rows).toContainEqual({ path: 'name', value: 'stone', origin: 'default' });
    expect(describeConfig(load({ yaml }))).toContainEqual({
      path: 'http.metricsPort',
      value: 1,
      origin: 'config/local.yaml:3',
    });
  });

  test('sections and settings without content count as not written', () => {
    expect(load({ yaml: '# nothing\n' }).config.http.port).toBe(8080);
    expect(load({ yaml: 'http:\n  # port: 1\nname:\n' }).config).toMatchObject({ name: 'stone', http: { port: 8080 } });
  });

  test('an empty variable counts as not set', () => {
    expect(load({ env: { ASHLAR_HTTP__PORT: '' } }).config.http.port).toBe(8080);
  });

  test('a variable below the third level reaches its setting', () => {
    expect(load({ env: { ASHLAR_VAULT__LIMITS__KEEP_DAYS: '9' } }).config.vault.limits.keepDays).toBe(9);
  });

  test.each(['https://a, https://b', '[https://a, https://b]', '["https://a", "https://b"]'])(
    'a list can be written as %s',
    (text) =>
      expect(load({ env: { ASHLAR_HTTP__ORIGINS: text } }).config.http.origins).toEqual(['https://a', 'https://b']),
  );

  test('the configuration cannot be changed after it was loaded', () => {
    const { config } = load();
    expect(() => Object.assign(config.http, { port: 1 })).toThrow(TypeError);
  });
});

describe('what nobody declared', () => {
  test.each([
    ['a misspelt key', 'http:\n  prot: 1', 'http.prot', 'http.port'],
    ['a misspelt section', 'htp:\n  port: 1', 'htp', 'http'],
    ['a key in the wrong place', 'metricsPort: 1', 'metricsPort', 'http.metricsPort'],
    ['a name of every object', '__proto__:\n  port: 1', '__proto__', ''],
    ['a merge key', 'http:\n  <<: {port: 1}', 'http.<<', ''],
  ])('%s is refused with the nearest key', (...[, yaml, path, nearest]) => {
    expect(refuse({ yaml })).toMatchObject([{ path, message: expect.stringContaining(`the nearest is ${nearest}`) }]);
  });

  test.each([
    ['ASHLAR_HTTP_PORT', '1', 'ASHLAR_HTTP__PORT'],
    ['ASHLAR_HTTP__METRICSPORT', '1', 'ASHLAR_HTTP__METRICS_PORT'],
  ])('the variable %s is refused with the nearest one', (name, value, nearest) => {
    expect(refuse({ env: { [name]: value } })).toMatchObject([{ message: expect.stringContaining(nearest) }]);
  });

  test.each(['http.prot', 'htp.port'])('the flag for %s is refused with the nearest key', (path) => {
    const flags = [{ flag: `--set ${path}`, path, value: '1' }];
    expect(refuse({ flags })).toMatchObject([
      { origin: `--set ${path}`, message: expect.stringContaining('http.port') },
    ]);
  });

  test('the variables that Kubernetes makes for a service named ashlar-http disturb nobody', () => {
    const env = {
      ASHLAR_HOME: '/opt/ashlar',
      ASHLAR_HTTP_SERVICE_HOST: '10.0.0.1',
      ASHLAR_HTTP_SERVICE_PORT: '80',
      ASHLAR_HTTP_SERVICE_PORT_METRICS: '81',
      ASHLAR_HTTP_PORT: 'tcp://10.0.0.1:80',
      ASHLAR_HTTP_PORT_80_TCP: 'tcp://10.0.0.1:80',
      ASHLAR_HTTP_PORT_80_TCP_ADDR: '10.0.0.1',
    };
    expect(load({ env }).config.http.port).toBe(8080);
  });

  test('an unknown APP_ENV is refused with those that exist', () => {
    load({ appEnv: 'local' });
    const attempt = (appEnv: string) => () =>
      loadConfig({
        schema: schema(),
        complete: (it) => it,
        appEnv,
        directory: join(root, 'config'),
        root,
        env: {},
        flags: [],
      });
    expect(problemsOf(attempt('loca'))).toMatchObject([
      { message: expect.stringContaining('APP_ENV is one of local') },
    ]);
    expect(problemsOf(attempt('../config/local'))).toHaveLength(1);
  });
});

describe('problems', () => {
  test('all problems come at once, in the order of the schema, in one readable message', () => {
    const yaml = 'vault:\n  masterKey: ${env:NO_SUCH_KEY}\nhttp:\n  port: many\n  prot: 1\n';
    const problems = refuse({ yaml, env: { ASHLAR_NAM: 'x' } });
    expect(problems.map(({ path }) => path)).toEqual(['http.prot', '', 'http.port', 'vault.masterKey']);
    expect(() => load({ yaml, env: { ASHLAR_NAM: 'x' } })).toThrowError(
      /4 problems:\n(.+\n)+.+vault\.masterKey: .+ NO_SUCH_KEY is not set \(config\/local\.yaml:2\)$/,
    );
  });
});

describe('references', () => {
  test('a variable fills a text, a number, a list and a part of a text', () => {
    const yaml = [
      'name: the ${env:KIND} of $${env:KIND}',
      'http:',
      '  port: ${env:PORT}',
      '  isOpen: ${env:OPEN}',
      '  origins: ${env:ORIGINS}',
      'vault: { headers: { authorization: "Bearer ${env:KIND}" } }',
    ].join('\n');
    const { config } = load({ yaml, env: { KIND: 'jade', PORT: '81', OPEN: 'true', ORIGINS: 'a,b' } });
    expect(config.name).toBe('the jade of ${env:KIND}');
    expect(config.http).toMatchObject({ port: 81, isOpen: true, origins: ['a', 'b'] });
    expect(config.vault.headers).toEqual({ authorization: 'Bearer jade' });
  });

  test('what a variable holds is taken as it is', () => {
    expect(load({ yaml: 'name: ${env:A}', env: { A: '${env:B} $& $1', B: 'no' } }).config.name).toBe('${env:B} $& $1');
  });

  test('the default after :- stands in for a variable that is not set, and an empty one means: not written', () => {
    const yaml = 'name: ${env:NAME:-}\nhttp:\n  port: ${env:PORT:-5432}\n';
    const loaded = load({ yaml, env: { PORT: '' } });
    expect(loaded.config).toMatchObject({ name: 'stone', http: { port: 5432 } });
    expect(describeConfig(loaded)).toContainEqual({ path: 'http.port', value: 5432, origin: 'config/local.yaml:3' });
    expect(describeConfig(load({ yaml, env: { PORT: '6' } }))).toContainEqual({
      path: 'http.port',
      value: 6,
      origin: 'PORT (config/local.yaml:3)',
    });
  });

  test('a file gives its text without the last line break, from the root or from anywhere', () => {
    writeFileSync(join(root, 'key'), ' first\nsecond \n');
    expect(load({ yaml: 'name: ${file:key}' }).config.name).toBe(' first\nsecond ');
    expect(load({ yaml: `name: \${file:${join(root, 'key')}}` }).config.name).toBe(' first\nsecond ');
  });

  test('a file that is missing and a reference that is none are refused', () => {
    expect(refuse({ yaml: 'name: ${file:/no/such}' })).toMatchObject([
      { message: expect.stringContaining('/no/such (ENOENT)') },
    ]);
    expect(refuse({ yaml: 'name: ${NAME}' })).toMatchObject([{ message: expect.stringContaining('${env:NAME}') }]);
  });

  test('a setting that a later layer overrides may refer to what does not exist', () => {
    expect(load({ yaml: 'name: ${env:NO_SUCH}', env: { ASHLAR_NAME: 'given' } }).config.name).toBe('given');
  });
});

describe('secrets', () => {
  const key = '0123456789abcdef';

  test('they are masked in rows and wherever the configuration is printed, and readable for the program', () => {
    const loaded = load({ env: { ASHLAR_VAULT__MASTER_KEY: key } });
    const { config } = loaded;
    const rows = describeConfig(loaded);
    expect(config.vault.masterKey).toBe(key);
    expect(rows).toContainEqual({ path: 'vault.masterKey', value: '[secret]', origin: 'ASHLAR_VAULT__MASTER_KEY' });
    expect(rows).toContainEqual({ path: 'vault.url', value: null, origin: 'default' });
    for (const printed of [
      JSON.stringify(config),
      inspect(config),
      inspect(config.vault),
      inspect(loaded, { depth: 9 }),
      JSON.stringify(loaded),
      JSON.stringify(config.vault),
    ]) {
      expect(printed).not.toContain(key);
      expect(printed).toContain('[secret]');
    }
  });

  test('they are refused on a command line everywhere', () => {
    const flags = [{ flag: '--set vault.masterKey', path: 'vault.masterKey', value: key }];
    const [problem] = refuse({ flags });
    expect(problem?.message).toContain('set ASHLAR_VAULT__MASTER_KEY');
    expect(JSON.stringify(problem)).not.toContain(key);
  });

  test.each([
    ['the text itself', `vault: { masterKey: ${key} }`],
    ['the default of a reference', `vault: { masterKey: "\${env:NONE:-${key}}" }`],
    ['a password in an address', 'vault: { url: "x://me:hunter2@${env:HOST}/" }'],
    ['the text of a header', 'vault: { headers: { authorization: hunter2 } }'],
  ])('staging and production refuse one that stands in the file: %s', (_case, yaml) => {
    for (const appEnv of ['staging', 'production', 'eu-production']) {
      const problems = refuse({ yaml, env: { HOST: 'db' }, appEnv });
      expect(problems).toMatchObject([{ message: expect.stringContaining('must not stand in the file') }]);
      expect(JSON.stringify(problems)).not.toMatch(/hunter2|0123456789/);
    }
    expect(() => load({ yaml, env: { HOST: 'db' } })).not.toThrow();
  });

  test('staging and production refuse short ones, unless another system issued them', () => {
    const env = { ASHLAR_VAULT__MASTER_KEY: 'short', ASHLAR_VAULT__URL: 'x' };
    expect(refuse({ env, appEnv: 'production' })).toMatchObject([
      { path: 'vault.masterKey', message: 'the secret is shorter than 16 characters' },
    ]);
  });

  test('staging and production refuse a file that every user may read', () => {
    const yaml = 'vault: { masterKey: "${file:key}" }';
    writeFileSync(join(root, 'key'), key);
    chmodSync(join(root, 'key'), 0o644);
    expect(refuse({ yaml, appEnv: 'staging' })).toMatchObject([{ message: expect.stringContaining('chmod o-r') }]);
    chmodSync(join(root, 'key'), 0o640);
    expect(load({ yaml, appEnv: 'staging' }).config.vault.masterKey).toBe(key);
  });
});

import { isIP } from 'node:net';
import { z } from 'zod';

import { secret } from './secret.ts';

const isNetwork = (text: string): boolean => {
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : 0;
  return (
    bits > 0 && rest.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
};

const isHost = (text: string): boolean =>
  isIP(text) === 6 ? !text.includes('%') : /^[\w.-]+$/.test(text) && URL.canParse(`http://${text}`);

const isOrigin = (text: string): boolean =>
  /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;

const port = () => z.int().min(1).max(65_535);
const network = () => z.string().refine(isNetwork, 'not an address or network such as 10.0.0.0/8 or fd00::/8');
const origin = () => z.string().refine(isOrigin, 'not an origin such as https://app.example.com (no path, no *)');
const httpUrl = () =>
  z
    .url({ protocol: /^https?$/, error: 'not an address such as https://ashlar.example.com' })
    .refine((url) => new URL(url).username === '', 'must hold no user or password');

/** Issued by whoever runs the database: any length will do. */
const issuedSecret = () => secret(z.string().min(1), { minLength: 0 });

const databaseSection = () =>
  z
    .strictObject({
      mode: z.enum(['embedded', 'external']).default('embedded'),
      url: issuedSecret().optional(),
      ownerUrl: issuedSecret().optional(),
      directUrl: issuedSecret().optional(),
      pooler: z.enum(['none', 'transaction']).default('none'),
      host: z.string().optional(),
      port: port().default(5432),
      user: z.string().optional(),
      password: issuedSecret().optional(),
      name: z.string().optional(),
      ssl: z.enum(['disable', 'require', 'verify-full']).optional(),
      sslCaFile: z.string().optional(),
      lanes: z.int().min(1).max(64).default(2),
      transactions: z.int().min(1).max(256).default(4),
      embedded: z.strictObject({ user: z.string().optional(), port: port().optional() }).prefault({}),
    })
    .prefault({});

const httpSection = () =>
  z
    .strictObject({
      host: z.string().refine(isHost, 'not a host name or an address').default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(8080),
      publicUrl: httpUrl().optional(),
      metricsPort: z.int().min(0).max(65_535).optional(),
      trustedProxies: z.array(network()).default([]),
      cors: z.strictObject({ allowedOrigins: z.array(origin()).default([]) }).prefault({}),
      bodyLimitBytes: z.int().min(1024).max(1_073_741_824).default(1_048_576),
      timeoutSeconds: z.int().min(1).max(600).default(30),
    })
    .prefault({});

const loggerSection = () =>
  z
    .strictObject({
      level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
      format: z.enum(['auto', 'json', 'pretty']).default('auto'),
      output: z.string().min(1).default('stdout'),
      rotation: z
        .strictObject({
          sizeMegabytes: z.int().min(1).default(100),
          frequency: z.enum(['hourly', 'daily']).default('daily'),
          keep: z.int().min(1).default(14),
        })
        .prefault({}),
    })
    .prefault({});

const telemetrySection = () =>
  z
    .strictObject({
      otlpEndpoint: httpUrl().optional(),
      headers: secret(z.record(z.string(), z.string()), { minLength: 0 }).optional(),
      sampleRatio: z.number().min(0).max(1).default(1),
      serviceName: z.string().min(1).default('ashlar'),
    })
    .prefault({});

const redisUrl = () =>
  issuedSecret().refine((url) => /^rediss?:\/\/./.test(url), 'not an address such as redis://host:6379');

const smtpUrl = () =>
  issuedSecret().refine(
    (url) => /^smtps?:\/\/./.test(url) && URL.canParse(url) && isSmtp(new URL(url)),
    'not an address such as smtp://user:password@host:587 (special characters in the password as %40)',
  );

const isSmtp = ({ hostname, pathname, search, hash, username, password }: URL): boolean =>
  hostname !== '' &&
  (pathname === '' || pathname === '/') &&
  search + hash === '' &&
  (username === '') === (password === '') &&
  [username, password].every(isDecodable);

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

const isSender = (text: string): boolean =>
  z.email().safeParse(/^[^<>"\p{Cc}]+ <([^<>]+)>$/u.exec(text)?.[1] ?? text).success;

const mailSection = () =>
  z
    .strictObject({
      driver: z.enum(['outbox', 'smtp']).default('outbox'),
      smtpUrl: smtpUrl().optional(),
      from: z.string().refine(isSender, 'not an address such as Ashlar <ashlar@example.com>').optional(),
    })
    .prefault({});

const rate = (perSecond: number, burst: number) =>
  z
    .strictObject({
      perSecond: z.number().min(0.01).max(1_000_000).default(perSecond),
      burst: z.int().min(1).max(1_000_000).default(burst),
    })
    .prefault({});

const slots = (standard: number) => z.int().min(1).max(256).default(standard);

const tasksSection = () =>
  z
    .strictObject({
      queues: z.array(z.string().min(1)).default([]),
      pools: z
        .strictObject({ database: slots(16), network: slots(16), cache: slots(8), background: slots(4) })
        .prefault({}),
      resultRetentionDays: z.int().min(1).max(3650).default(7),
    })
    .prefault({});

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
};

const platformSection = () =>
  z
    .strictObject({
      timeZone: z.string().refine(isTimeZone, 'not a time zone such as Europe/Berlin').default('UTC'),
    })
    .prefault({});

/** Its path may hold a token. */
const alertingSection = () =>
  z
    .strictObject({
      webhookUrl: secret(httpUrl(), { minLength: 0 }).optional(),
      webhookSecret: secret(z.string().min(1)).optional(),
      emailTo: z.array(z.email().max(254)).max(20).default([]),
    })
    .prefault({});

const auditSection = () =>
  z
    .strictObject({
      retentionDays: z.int().min(90).max(36_500).default(400),
      dropUnexported: z.boolean().default(false),
      anchorUrl: secret(httpUrl(), { minLength: 0 }).optional(),
    })
    .prefault({});

/** The kernel's part of the schema, as written by an operator. A function: schemas cost time when they are made. */
export const kernelSections = () => ({
  dataDirectory: z.string().min(1).default('data'),
  database: databaseSection(),
  http: httpSection(),
  logger: loggerSection(),
  telemetry: telemetrySection(),
  platform: platformSection(),
  tasks: tasksSection(),
  events: z.strictObject({ retentionDays: z.int().min(1).max(3650).default(14) }).prefault({}),
  alerting: alertingSection(),
  mail: mailSection(),
  audit: auditSection(),
  redis: z.strictObject({ url: redisUrl().optional() }).prefault({}),
  bus: z.strictObject({ driver: z.enum(['auto', 'memory', 'postgres', 'redis']).default('auto') }).prefault({}),
  rateLimit: z
    .strictObject({
      actor: rate(50, 100),
      address: rate(20, 40),
      factor: z.number().min(0.1).max(1_000_000).default(1),
    })
    .prefault({}),
  secrets: z
    .strictObject({
      masterKey: secret(z.string()).optional(),
      masterKeyFile: z.string().min(1).optional(),
      previousMasterKey: secret(z.string()).optional(),
      previousMasterKeyFile: z.string().min(1).optional(),
    })
    .prefault({}),
  shutdown: z
    .strictObject({
      deadlineSeconds: z.int().min(1).max(600).default(35),
      delaySeconds: z.int().min(0).max(120).default(0),
    })
    .prefault({}),
});

const kernelSchema = () => z.strictObject(kernelSections());

export type KernelSettings = z.output<ReturnType<typeof kernelSchema>>;

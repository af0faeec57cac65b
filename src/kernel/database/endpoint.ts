import { AppError } from '../error.ts';

export type TlsMode = 'disable' | 'require' | 'verify-full';

/** Where a PostgreSQL server listens and as whom we come, read from a URL. */
export type Endpoint = {
  /** A host name, an address, or the directory of a Unix socket (begins with `/`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: TlsMode;
  /** Path of the certificate authority that `verify-full` trusts; null: those that Node trusts. */
  readonly tlsCaFile: string | null;
};

const tlsModes: readonly string[] = ['disable', 'require', 'verify-full'] satisfies readonly TlsMode[];
const isTlsMode = (mode: string): mode is TlsMode => tlsModes.includes(mode);

/**
 * Reads `postgres://user:password@host:port/database?sslmode=disable|require|verify-full`. A Unix socket is
 * `postgres://user@/database?host=/directory`. An authority of your own is `&sslrootcert=/path`, as libpq names it. Throws DATABASE_URL_INVALID, whose message never holds the URL: it has a password in it.
 */
export const parseEndpoint = (text: string): Endpoint => {
  // libpq lets the host be absent; the URL standard does not.
  const url = URL.parse(text.replace(/^(postgres(?:ql)?:\/\/[^/]*@)\//, '$1localhost/'));
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol)) {
    throw invalid('is not of the form postgres://user:password@host:port/database');
  }
  const tls = url.searchParams.get('sslmode') ?? 'disable';
  if (!isTlsMode(tls)) throw invalid(`has sslmode=${tls}: use disable, require or verify-full`);
  const user = decodeURIComponent(url.username);
  if (user === '') throw invalid('names no user');
  return {
    host: hostOf(url),
    port: portOf(url),
    user,
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    tls,
    tlsCaFile: url.searchParams.get('sslrootcert'),
  };
};

const hostOf = ({ searchParams, hostname }: URL): string =>
  searchParams.get('host') ?? (decodeURIComponent(hostname).replace(/^\[|\]$/g, '') || '127.0.0.1');

const portOf = ({ searchParams, port }: URL): number => Number(port || (searchParams.get('port') ?? 5432));

/** For messages: no password. */
export const describeEndpoint = ({ user, host, port, database }: Endpoint): string =>
  `postgres://${user}@${host.startsWith('/') ? encodeURIComponent(host) : host}:${port}/${database}`;

const invalid = (problem: string): AppError =>
  new AppError('DATABASE_URL_INVALID', { kind: 'conflict', details: { message: `the database URL ${problem}` } });

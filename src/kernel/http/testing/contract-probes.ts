import type { ActorType } from '../../actor.ts';
import { operationOf, type ServedAction } from '../action-route.ts';
import { hasQuery } from '../input.ts';
import { maxJsonDepth } from '../json.ts';

/** What a probe comes with: nothing, a token that nobody issued, or an actor of this type with exactly these permissions. */
export type ProbeCredential =
  | { readonly kind: 'none' | 'garbage' }
  | { readonly kind: 'actor'; readonly type: ActorType; readonly permissions: readonly string[] };

/** One request that every action has to refuse in the same way, whatever it does. */
export type ContractProbe = {
  readonly operation: string;
  /** `auth.get-me answers 401 without a credential` */
  readonly promise: string;
  readonly method: string;
  /** Path and query, encoded. */
  readonly target: string;
  readonly credential: ProbeCredential;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly expected: { readonly status: number; readonly code: string };
};

type Probe = Pick<ContractProbe, 'expected'> & Partial<ContractProbe> & { readonly when: string };

const json = { 'content-type': 'application/json' };
const anyId = '00000000-0000-7000-8000-000000000000';
const invalid = { status: 400, code: 'INPUT_INVALID' };

/** The requests that a contract test sends to each of these actions. */
export const listContractProbes = (
  usecases: readonly ServedAction[],
  bodyLimitBytes: number,
): readonly ContractProbe[] =>
  usecases.flatMap((served) => {
    const { access } = served.usecase;
    const [method = '', template = ''] = access.split(' ');
    const operation = operationOf(served);
    const common = {
      operation,
      method,
      target: template.replaceAll(/\{\w+\}/g, anyId),
      credential: permittedFor(served),
      headers: {},
      body: null,
    };
    return [
      ...probeCredentials(served),
      ...probeMethod(served, usecases),
      ...probeTarget(template),
      ...(hasQuery(served.usecase) ? probeQuery(common.target) : probeBody(served.bodyLimitBytes ?? bodyLimitBytes)),
    ].map(({ when, ...probe }) => ({
      ...common,
      ...probe,
      promise: `${operation} answers ${probe.expected.status} ${when}`,
    }));
  });

const permittedFor = ({ usecase: { actors, permissions } }: ServedAction): ProbeCredential => {
  const type = actors === 'anonymous' ? undefined : actors[0];
  return type === undefined ? { kind: 'none' } : { kind: 'actor', type, permissions };
};

const probeCredentials = ({ usecase: { actors, permissions } }: ServedAction): readonly Probe[] => {
  const type = actors === 'anonymous' ? undefined : actors[0];
  if (type === undefined) return [];
  const unauthenticated = { status: 401, code: 'UNAUTHENTICATED' };
  const denied = { status: 403, code: 'PERMISSION_DENIED' };
  return [
    { when: 'without a credential', credential: { kind: 'none' }, expected: unauthenticated },
    { when: 'to a token that nobody issued', credential: { kind: 'garbage' }, expected: unauthenticated },
    ...permissions.map((missing) => ({
      when: `to an actor without ${missing}`,
      credential: { kind: 'actor', type, permissions: permissions.filter((name) => name !== missing) } as const,
      expected: denied,
    })),
  ];
};

const probeMethod = ({ usecase: { access } }: ServedAction, all: readonly ServedAction[]): readonly Probe[] => {
  const [, template = ''] = access.split(' ');
  const isServed = (method: string) =>
    all.some(({ usecase }) => usecase.access.startsWith(`${method} `) && overlaps(usecase.access, template));
  const method = ['PATCH', 'PUT', 'DELETE', 'POST', 'GET'].find((candidate) => !isServed(candidate));
  return method === undefined
    ? []
    : [
        {
          when: `to ${method}`,
          method,
          credential: { kind: 'none' },
          expected: { status: 405, code: 'METHOD_NOT_ALLOWED' },
        },
      ];
};

/** Whether some path fits both. */
const overlaps = (access: string, template: string): boolean => {
  const ours = template.split('/');
  const theirs = (access.split(' ')[1] ?? '').split('/');
  return (
    ours.length === theirs.length &&
    ours.every((part, index) => part === theirs[index] || part.startsWith('{') || theirs[index]?.startsWith('{'))
  );
};

const probeTarget = (template: string): readonly Probe[] =>
  template.includes('{')
    ? ['%zz', '%ff', '%00'].map((part) => ({
        when: `to the path parameter ${part}`,
        target: template.replaceAll(/\{\w+\}/g, part),
        expected: invalid,
      }))
    : [];

const probeQuery = (target: string): readonly Probe[] => [
  { when: 'to an unknown field', target: `${target}?noSuchField=1`, expected: invalid },
  { when: 'to a query that does not decode', target: `${target}?x=%zz`, expected: invalid },
];

const probeBody = (limitBytes: number): readonly Probe[] => {
  const deep = '['.repeat(maxJsonDepth + 1) + ']'.repeat(maxJsonDepth + 1);
  const of = (when: string, body: string): Probe => ({ when, headers: json, body, expected: invalid });
  return [
    of('to an unknown field', '{"noSuchField":1}'),
    of('to a body that is not JSON', '{'),
    of('to a body that is no object', '[]'),
    of('to U+0000', '{"noSuchField":"\\u0000"}'),
    of('to a lone surrogate', '{"noSuchField":"\\ud800"}'),
    of('to a body that is too deep', `{"noSuchField":${deep}}`),
    {
      when: 'to another media type',
      headers: { 'content-type': 'text/plain' },
      body: '{}',
      expected: { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
    },
    {
      when: 'to a body that is too large',
      headers: json,
      body: `"${'x'.repeat(limitBytes)}"`,
      expected: { status: 413, code: 'BODY_TOO_LARGE' },
    },
  ];
};

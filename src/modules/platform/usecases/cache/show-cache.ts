import { z } from 'zod';

import { reportCache } from '#kernel/cache/cache-report.ts';
import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { cacheReport } from '../../logic/cache-admin.ts';

const share = (part: number, whole: number): string => (whole === 0 ? '-' : `${Math.round((part / whole) * 100)} %`);

/** @see docs/modules/platform/usecases/show-cache.md */
export const showCache = ({ kernel: { database, cache } }: PlatformDeps) =>
  manualCommand({
    operationId: 'show-cache',
    summary: 'Show what is cached, where, and how often it helps',
    usage: 'cache stats',
    input: z.object({}),
    output: cacheReport,
    errors: {},
    render: ({ namespaces }) =>
      namespaces
        .map(({ namespace, hits, loads, stale, failed, l1, l3 }) => {
          const found = hits.l1 + hits.l2 + hits.l3;
          return [
            namespace.padEnd(32),
            `hits ${share(found, found + loads + stale + failed)} (memory ${hits.l1}, redis ${hits.l2}, table ${hits.l3})`,
            `loads ${loads}  stale ${stale}  failed ${failed}`,
            `in memory ${l1.entries}, ${l1.bytes} bytes`,
            `in the table ${l3.entries}, ${l3.bytes} bytes`,
          ].join('  ');
        })
        .join('\n') || 'Nothing is cached.',

    async execute() {
      const { namespaces, ...report } = await reportCache(database.lanes, cache);
      return { ...report, namespaces: [...namespaces] };
    },
  });

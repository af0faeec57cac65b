import { asyncTask } from '#kernel/usecase.ts';
import { checkAuditTask, raiseAlert, resolveAlert } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';

/** The result of a task is small; the command and the log name all of them. */
const maxShown = 20;
const maxSubject = 2_000;
const key = 'platform:audit';

/** @see docs/modules/platform/usecases/check-audit.md */
export const checkAudit = ({ kernel: { audit, tasks, log } }: PlatformDeps) =>
  asyncTask({
    operationId: 'check-audit',
    payload: checkAuditTask.payload,
    queue: checkAuditTask.queue,
    pool: 'background',
    timeoutSeconds: 3600,

    async execute(ctx, { head }) {
      const {
        findings,
        findingCount,
        keys: _keys,
        absentMonths,
        ...verified
      } = await audit.verify({
        head,
        signal: ctx.signal,
      });
      for (const finding of findings) log.error({ finding }, 'the audit trail is not as it was sealed');
      const subject = (findings[0]?.message ?? '').slice(0, maxSubject);
      await ctx.transaction((tx) =>
        findingCount === 0
          ? tasks.enqueue(tx, resolveAlert, { key }, { groupKey: key })
          : tasks.enqueue(
              tx,
              raiseAlert,
              { key, signal: 'audit_findings', level: 'critical', value: findingCount, subject },
              { groupKey: key },
            ),
      );
      const shown = findings.slice(0, maxShown).map(({ message }) => message);
      return { ...verified, absentMonths: absentMonths.slice(-maxShown), findingCount, findings: shown };
    },
  });

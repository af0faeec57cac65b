import { asyncTask } from '#kernel/usecase.ts';
import { checkAuditTask } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';

/** The result of a task is small; the command and the log name all of them. */
const maxShown = 20;

/** @see docs/modules/platform/usecases/check-audit.md */
export const checkAudit = ({ kernel: { audit, log } }: PlatformDeps) =>
  asyncTask({
    operationId: 'check-audit',
    payload: checkAuditTask.payload,
    pool: 'background',
    timeoutSeconds: 3600,

    async execute({ signal }, { head }) {
      const { findings, keys: _keys, absentMonths, ...verified } = await audit.verify({ head, signal });
      for (const finding of findings) log.error({ finding }, 'the audit trail is not as it was sealed');
      const shown = findings.slice(0, maxShown).map(({ message }) => message);
      return { ...verified, absentMonths: absentMonths.slice(-maxShown), findings: shown };
    },
  });

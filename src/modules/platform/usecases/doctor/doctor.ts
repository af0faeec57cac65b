import { z } from 'zod';

import { repairAll } from '#kernel/doctor/finding.ts';
import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

const finding = z.object({
  check: z.string(),
  severity: z.enum(['ok', 'warning', 'error']),
  message: z.string(),
  fix: z.string().nullable(),
});
type Finding = z.output<typeof finding>;

/** @see docs/modules/platform/usecases/doctor.md */
export const doctor = ({ installation, listSealedTables }: Pick<PlatformDeps, 'installation' | 'listSealedTables'>) =>
  manualCommand({
    operationId: 'doctor',
    summary: 'Look at everything that Ashlar stands on, and say what to do',
    usage: 'doctor',
    requires: 'config',
    input: z.object({ fix: z.boolean().default(false).describe('repair what can be repaired') }),
    output: z.object({ errors: z.int(), warnings: z.int(), findings: z.array(finding) }),
    errors: {},
    isFailure: ({ errors }) => errors > 0,
    render: ({ errors, warnings, findings }) =>
      [...findings.map(renderFinding), '', `${errors} errors, ${warnings} warnings.`].join('\n'),

    async execute(_ctx, { fix }) {
      const found = await installation.examine(listSealedTables());
      const findings = fix ? await repairAll(found) : found.map(({ repair: _repair, ...rest }) => rest);
      const count = (severity: Finding['severity']) => findings.filter((one) => one.severity === severity).length;
      return { errors: count('error'), warnings: count('warning'), findings: [...findings] };
    },
  });

const labels = { ok: 'ok     ', warning: 'WARNING', error: 'ERROR  ' } as const;

const renderFinding = ({ check, severity, message, fix }: Finding): string => {
  const line = `${labels[severity]} ${check.padEnd(18)} ${message}`;
  return fix === null ? line : `${line}\n${' '.repeat(27)}→ ${fix}`;
};

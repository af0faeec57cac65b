/** What was looked at, and what there is to do about it. */
export type Finding = {
  /** `data-directory` */
  readonly check: string;
  /** `error`: Ashlar does not work, or will lose something. `warning`: it works, but somebody should look. */
  readonly severity: 'ok' | 'warning' | 'error';
  /** One sentence; never a secret. */
  readonly message: string;
  /** What to do; null where there is nothing. */
  readonly fix: string | null;
};

/** A defect that `--fix` takes away. */
export type Repairable = Finding & { readonly repair?: () => Promise<void> };

/** The findings of one check. */
export const reportOn = (check: string) => ({
  ok: (message: string): Finding => ({ check, severity: 'ok', message, fix: null }),
  warning: (message: string, fix: string): Finding => ({ check, severity: 'warning', message, fix }),
  error: (message: string, fix: string): Finding => ({ check, severity: 'error', message, fix }),
});

/** Takes away what can be taken away; a repair that fails is said instead. */
export const repairAll = async (findings: readonly Repairable[]): Promise<readonly Finding[]> =>
  Promise.all(
    findings.map(async ({ repair, ...finding }) => {
      if (repair === undefined) return finding;
      try {
        await repair();
        return { ...finding, severity: 'ok' as const, message: `${finding.message}: repaired`, fix: null };
      } catch (thrown) {
        const reason = thrown instanceof Error ? thrown.message : String(thrown);
        return { ...finding, message: `${finding.message}; repairing it failed: ${reason}` };
      }
    }),
  );

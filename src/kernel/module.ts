import type { SealedTable } from './secrets/sealed-table.ts';
import type { SettingContract } from './setting.ts';
import type { MailTemplate } from './mail/mail-template.ts';
import type { UseCase } from './usecase.ts';

/** The answer of one health check; `detail` is one sentence for an operator. */
export type HealthCheck = { readonly status: 'ok' | 'degraded' | 'failed'; readonly detail?: string };

/** A module is a value; `usecases` is its table of contents. */
export type Module<Portal = null> = {
  readonly name: string;
  /** What other modules may call; null if nothing. */
  readonly portal: Portal;
  readonly usecases: readonly UseCase[];
  /** Largest request body of the module's actions; default `http.bodyLimitBytes`. */
  readonly bodyLimitBytes?: number;
  /** The exports of its `schema.ts`: what its tables look like once every migration is applied. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** What administrators may change of it while it runs. */
  readonly settings?: readonly SettingContract[];
  /** What it writes to people. */
  readonly mailTemplates?: readonly MailTemplate[];
  /** Where it keeps sealed values: a column that is missing here cannot be opened after the master key has changed. */
  readonly sealed?: readonly SealedTable[];
  /** What of it needs the secret of this name, each as a person would call it: it is not forgotten meanwhile. */
  readonly findSecretUses?: (name: string) => Promise<readonly string[]>;
  readonly health?: () => Promise<Readonly<Record<string, HealthCheck>>>;
  readonly start?: () => Promise<void>;
  readonly stop?: () => Promise<void>;
};

/** An audit trail as the bench sees it: in a process and a database of its own. */
export type Trail = {
  /** Notes the nth change in a transaction of its own. */
  write(n: number): Promise<void>;
  /** Ends when every change that was written can be vouched for. */
  finish(): Promise<void>;
  /** Counted in the database. */
  countVouched(): Promise<number>;
};

export type OpenTrail = (url: string, writers: number) => Promise<Trail>;

/** What both write down. */
export const changeOf = (n: number) => ({
  subject: `customer:${n}`,
  before: { name: 'Ada Lovelace', limit: n },
  after: { name: 'Ada King', limit: n + 1 },
});

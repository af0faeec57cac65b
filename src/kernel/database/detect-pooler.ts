import { openSession } from './open-session.ts';

/**
 * Whether a pooler gives connections away between transactions: what one session sets is then lost, or seen by the other.
 * While the second one holds a transaction on the connection that the first one had, the first must get another.
 */
export const detectPooler = async (url: string): Promise<boolean> => {
  const [first, second] = [await openSession({ url, name: 'doctor' }), await openSession({ url, name: 'doctor' })];
  const backendOf = async ({ sql }: typeof first): Promise<number> => {
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    return row?.pid ?? 0;
  };
  try {
    const before = await backendOf(first);
    await second.sql.unsafe('begin');
    const other = await backendOf(second);
    const after = await backendOf(first);
    await second.sql.unsafe('rollback');
    return other === before || after !== before;
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
};

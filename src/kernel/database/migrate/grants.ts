import type { Sql } from 'postgres';

/**
 * Lets the role that runs the program use everything that the owner has made and will make. The grants for what comes
 * are default privileges, so that a migration and its grants commit together. The ledger stays the owner's to write.
 */
export const grantToAppRole = async (sql: Sql, appRole: string): Promise<void> => {
  const role = quote(appRole);
  const schemas = await sql<{ name: string }[]>`
    select nspname as name from pg_namespace
    where nspowner = (select oid from pg_roles where rolname = current_user)
      and nspname !~ '^pg_' and nspname <> 'information_schema'`;
  const existing = schemas.flatMap(({ name }) => [
    `grant usage on schema ${quote(name)} to ${role}`,
    `grant select, insert, update, delete on all tables in schema ${quote(name)} to ${role}`,
    `grant usage, select on all sequences in schema ${quote(name)} to ${role}`,
  ]);
  const statements = [
    `alter default privileges grant usage on schemas to ${role}`,
    `alter default privileges grant select, insert, update, delete on tables to ${role}`,
    `alter default privileges grant usage, select on sequences to ${role}`,
    ...existing,
    `revoke insert, update, delete on kernel._migrations from ${role}`,
    // The audit trail may only grow; its migration says what is left of these grants.
    `do $$ begin if to_regprocedure('kernel.guard_audit()') is not null then perform kernel.guard_audit(); end if; end $$`,
  ];
  // Several statements in one simple query are one transaction.
  await sql.unsafe(statements.join(';\n'));
};

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runCli } = await import('#app/cli.ts');
// Everything is closed by now, or had its time: what still holds on must not keep the process.
process.exit(await runCli(process.argv.slice(2)));

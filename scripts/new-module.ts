import { moduleFiles } from './scaffold/module-files.ts';
import { namesOf } from './scaffold/names.ts';
import { readProject, refusing, writeFiles } from './scaffold/write-files.ts';

refusing('usage: npm run new:module <name>, as in: npm run new:module infra', () => {
  const [name = ''] = process.argv.slice(2);
  // It is the name of a schema in the database too.
  if (!/^[a-z]{3,30}$/.test(name)) throw new Error('the name of a module is one word in lower case');
  writeFiles(moduleFiles(namesOf(name), readProject));
});

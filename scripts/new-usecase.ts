import { namesOf } from './scaffold/names.ts';
import { kinds } from './scaffold/use-case-code.ts';
import { useCaseFiles } from './scaffold/use-case-files.ts';
import { readProject, refusing, writeFiles } from './scaffold/write-files.ts';

const usage = `usage: npm run new:usecase <module> <topic>/<operation-id> <kind>
       kinds: ${kinds.join(', ')}
       as in: npm run new:usecase auth session/revoke-session user-action`;
const kebab = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

refusing(usage, () => {
  const [module = '', path = '', typed = ''] = process.argv.slice(2);
  const [topic = '', operation = '', ...deeper] = path.split('/');
  const kind = kinds.find((known) => known === typed);
  if (![module, topic, operation].every((name) => kebab.test(name)) || deeper.length > 0) {
    throw new Error('names are words in lower case joined by -');
  }
  if (kind === undefined) throw new Error(`there is no kind ${typed}`);
  const wanted = { module: namesOf(module), topic: namesOf(topic), operation: namesOf(operation), kind };
  writeFiles(useCaseFiles(wanted, readProject));
});

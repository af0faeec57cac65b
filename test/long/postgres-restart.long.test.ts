import { openOwner, postmasterPid, postmasterStatus } from '../e2e/database.ts';
import { createSuperuser, isReady, signIn, test, until } from '../e2e/program.ts';
import { expectWhole, startLoad } from './load.ts';

test(
  'PostgreSQL is killed and stopped 20 times under load: nothing acknowledged is lost, and readiness follows',
  { timeout: 400_000 },
  async ({ place }) => {
    const server = await place.start(['run-all-in-one'], { env: { ASHLAR_RATE_LIMIT__FACTOR: '1000000' } });
    await createSuperuser(place);
    const { accessToken } = await signIn(server.url);
    const load = startLoad({ url: () => server.url, accessToken, clients: 4 });
    for (let cycle = 0; cycle < 20; cycle += 1) {
      await load.more(20);
      const before = await postmasterPid(place);
      process.kill(before, cycle % 2 === 0 ? 'SIGKILL' : 'SIGINT');
      await until(isReady(server.url), ({ status }) => status === 503, 1000);
      await until(postmasterStatus(place), ({ pid, isUp }) => pid !== before && isUp, 30_000);
      await until(isReady(server.url), ({ status }) => status === 200, 2000);
    }
    await load.more(20);
    await load.stop();
    const owner = await openOwner(place);
    await expectWhole(load, owner);
    await owner.end();
  },
);

import { createSuperuser, signIn } from '../e2e/program.ts';
import { stopUnderLoad } from '../e2e/stop-under-load.ts';
import { test } from './external.ts';
import { scaled } from './scale.ts';

const stops = scaled(50);

test(
  `${stops} processes under load get SIGTERM: every request that was accepted is answered, and they exit with 0`,
  { timeout: 400_000 },
  async ({ place, external: { env } }) => {
    await createSuperuser(place, 'root', env);
    // Two at once: both cores are busy, and the next one starts while this one stops.
    const stopSome = async () => {
      for (let stop = 0; stop < stops / 2; stop += 1) {
        const server = await place.start(['run-all-in-one'], { env });
        const { accessToken } = await signIn(server.url);
        const requests = 50 + Math.floor(Math.random() * 200);
        await stopUnderLoad(server, accessToken, { clients: 16, requests });
      }
    };
    await Promise.all([stopSome(), stopSome()]);
  },
);

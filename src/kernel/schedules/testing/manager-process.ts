/** A manager in a process of its own, whose clock is wrong by so many hours. Somebody kills it. */
const [url = '', hours = '0'] = process.argv.slice(2);
const wrongByMs = Number(hours) * 3_600_000;
const RightDate = Date;
globalThis.Date = new Proxy(RightDate, {
  construct: (target, given: [], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [RightDate.now() + wrongByMs] : given, newTarget),
  get: (target, name) => (name === 'now' ? () => RightDate.now() + wrongByMs : Reflect.get(target, name)),
});

// Everything else is loaded when the clock is wrong already.
const { openTaskApp } = await import('#kernel/tasks/testing/open-task-app.ts');
const { openCronManager } = await import('#kernel/schedules/cron-manager.ts');
const { buildSchedule, every } = await import('./build-schedule.ts');

const { database, tasks, log } = await openTaskApp(url);
const schedules = ['test.raced-a', 'test.raced-b'].map((id) =>
  buildSchedule(id, { calendar: every(100), catchUp: 'all', overlap: 'allow' }),
);
openCronManager({ database, tasks, log, schedules, random: Math.random });
process.send?.('following');

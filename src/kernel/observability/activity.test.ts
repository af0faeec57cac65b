import { expect, test } from 'vitest';

import { buildActor } from '#test/build.ts';
import { createActivity } from './activity.ts';

test('tells each person once, until everybody is forgotten', () => {
  const activity = createActivity();
  const [ada, bob] = [buildActor(), buildActor({ type: 'user' })];
  for (const actor of [ada, bob, ada]) activity.see(actor);
  expect(activity.take()).toEqual([ada.id, bob.id]);
  activity.see(ada);
  expect(activity.take()).toEqual([]);
  activity.forget();
  activity.see(ada);
  expect(activity.take()).toEqual([ada.id]);
});

test('does not take a service account for a person', () => {
  const activity = createActivity();
  activity.see(buildActor({ type: 'service_acc' }));
  expect(activity.take()).toEqual([]);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type Message, readPacket, toPackets } from './packet.ts';

const message = fc.record({
  topic: fc.stringMatching(/^[\w.:-]{1,100}$/),
  message: fc.string({ unit: 'grapheme', maxLength: 300 }),
});

const readAll = (packets: readonly string[]): Message[] =>
  packets.flatMap((packet) => readPacket(packet)?.messages ?? []);

test('what goes in comes out, in its order', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
      const packets = toPackets('origin', messages);
      expect(readAll(packets)).toEqual(messages);
      for (const packet of packets) {
        expect(Buffer.byteLength(packet)).toBeLessThanOrEqual(7_900);
        expect(readPacket(packet)?.origin).toBe('origin');
      }
    }),
  );
});

test('the largest message goes alone', () => {
  const largest = { topic: 't'.repeat(100), message: 'é'.repeat(3_584) };
  const packets = toPackets('0'.repeat(36), [largest, largest]);
  expect(packets).toHaveLength(2);
  expect(readAll(packets)).toEqual([largest, largest]);
});

test.each(['origin\n', 'origin\n3', 'origin\n1,2,a', 'origin\nx,y,z', 'origin\n1,1,abc'])(
  'is nothing to us: %j',
  (text) => {
    expect(readPacket(text)).toBeNull();
  },
);

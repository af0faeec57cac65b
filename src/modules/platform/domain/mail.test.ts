import { expect, test } from 'vitest';

import { messageIdOf, toSubject } from './mail.ts';

test.for([
  ['Hello\r\nBcc: x@example.com', 'Hello Bcc: x@example.com'],
  ['a\u0000\t\u0085\u2028b', 'a b'],
  ['  สวัสดี\n', 'สวัสดี'],
] as const)('a subject is one line: %j', ([text, expected]) => {
  expect(toSubject(text)).toBe(expected);
});

test.for([
  ['ashlar@example.com', '<1@example.com>'],
  ['Ashlar <ashlar@mail.example.com>', '<1@mail.example.com>'],
  ['nobody', '<1@localhost>'],
] as const)('the Message-ID of mails from %s', ([from, expected]) => {
  expect(messageIdOf('1', from)).toBe(expected);
});

import type { FileView } from '@tern/core';
import type { FakeScene } from './fake-app.ts';

/** A Thursday afternoon: the scenes' present, so that pictures of the screens are the same every day. */
const present = Date.UTC(2026, 10, 26, 15, 42);

export const photo: FileView = {
  name: 'IMG_2041.jpg',
  type: 'image/jpeg',
  size: 2_431_000,
  here: false,
  picture: {
    width: 1600,
    height: 1200,
    thumbhash: new Uint8Array([
      0xda, 0x17, 0x1a, 0x25, 0x82, 0x98, 0x55, 0x68, 0x77, 0x88, 0x7c, 0x77, 0x87, 0x87, 0x80, 0x87, 0x58,
      0x07, 0x78, 0x89,
    ]),
  },
};

/** A few people, and one conversation with something of everything. */
export const lively: FakeScene = {
  now: present,
  conversations: [
    {
      name: 'Anna Lindqvist',
      verified: true,
      flags: { pinned: true },
      unread: 2,
      lines: [
        { notice: 'joined', ago: 2900 },
        { text: 'Hello! So this is Tern.', by: 'Anna Lindqvist', ago: 2890 },
        { text: 'It is. No number, no e-mail, just your link.', ago: 2888 },
        { text: '🎉', by: 'Anna Lindqvist', ago: 2886 },
        {
          text: 'How is the weather up there? We have had nothing but rain for a week, and the boat is still in the yard.',
          by: 'Anna Lindqvist',
          ago: 1500,
        },
        {
          text: 'Cold and clear. The terns left in August; they are past Namibia by now, if the tracker is right: https://example.org/tracks/2026?bird=41',
          ago: 1490,
          reactions: [['Anna Lindqvist', '❤️']],
        },
        { file: photo, text: 'This was this morning', ago: 95 },
        {
          text: 'Beautiful!',
          by: 'Anna Lindqvist',
          answers: 1,
          ago: 60,
          reactions: [
            ['me', '👍'],
            ['Anna Lindqvist', '😂'],
          ],
        },
        {
          file: { name: 'timetable-ferry-winter.pdf', type: 'application/pdf', size: 184_000, here: true },
          by: 'Anna Lindqvist',
          ago: 58,
        },
        { text: 'Friday at ten?', ago: 40, edited: true },
        { text: 'I will bring the maps', ago: 39, status: 'delivered' },
        { text: 'and coffee', ago: 38, status: 'stored' },
        { text: 'and something to read on the way', ago: 37, status: 'failed', because: 'expired' },
        { text: 'This one waits for the border to open', ago: 36, status: 'nearby' },
        { text: 'Queued while the train is in the tunnel', ago: 36, status: 'queued' },
        { gap: 2, by: 'Anna Lindqvist' },
        { deleted: true, by: 'Anna Lindqvist', ago: 12 },
        { newer: true, by: 'Anna Lindqvist', ago: 11 },
        { text: 'Ten is fine. Do you still have my thermos?', by: 'Anna Lindqvist', ago: 4 },
        { text: 'The blue one', by: 'Anna Lindqvist', ago: 3 },
      ],
    },
    {
      name: 'Пётр Соколов',
      lines: [
        { text: 'Спасибо, получил. Завтра посмотрю и отвечу подробнее.', by: 'Пётр Соколов', ago: 130 },
      ],
      unread: 1,
    },
    {
      name: 'Harbour choir',
      kind: 'group',
      people: ['Ines', 'Mats', 'Oyelaran'],
      flags: { muted: true },
      filled: 40,
      unread: 12,
    },
    {
      name: 'مریم رضایی',
      lines: [{ text: 'سلام! عکس‌ها رسید، خیلی قشنگ بودند.', by: 'مریم رضایی', ago: 400 }],
    },
    {
      name: 'Mum',
      draft: 'I will call you tonight when',
      lines: [{ text: 'Did you eat?', by: 'Mum', ago: 2000 }],
    },
    {
      name: 'Jonas',
      state: 'waiting',
      lines: [{ text: 'Here is how to reach me.', status: 'stored', ago: 3000 }],
    },
    { name: 'Kaya', lines: [{ text: 'See you', status: 'failed', ago: 9000 }] },
    {
      name: 'Old flat share',
      flags: { archived: true },
      lines: [{ text: 'bye', by: 'Old flat share', ago: 90000 }],
    },
    {
      name: 'Sam from the ferry',
      request: true,
      lines: [{ text: 'Hi, it is Sam, we met on the boat.', by: 'Sam from the ferry', ago: 25 }],
      unread: 1,
    },
  ],
};

import { type Connection, LOCAL_CALLER, type Stat } from '@mad-group/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rogersRules } from './rogers-rules.ts';

const NOW = Date.parse('2026-11-21T14:20:00Z');
const clock = { now: () => NOW };

const connection = (mad_id: string, status: Connection['status'], silentSeconds: number): Connection => ({
  mad_id,
  status,
  connected_at: '2026-11-21T08:00:00.000Z',
  last_heartbeat: new Date(NOW - silentSeconds * 1000).toISOString(),
});
const stat = (hour: string, sender_id: string, topic_pattern: string, total_messages: number): Stat => ({
  hour_timestamp: `2026-11-21T${hour}:00:00.000Z`,
  sender_id,
  topic_pattern,
  total_messages,
});

const STATS = [
  stat('14', 'fiedler', 'mad.stream', 30),
  stat('14', 'grace', 'mad.direct', 5),
  stat('13', 'fiedler', 'mad.direct', 100),
  stat('13', 'grace', 'mad.topic', 7),
  stat('12', 'fiedler', 'mad.direct', 1200),
  stat('12', 'robot-7', 'mad.topic', 40),
];

async function ask(
  prompt: string,
  connections: readonly Connection[] = [
    connection('fiedler', 'HEALTHY', 4),
    connection('grace', 'HEALTHY', 9),
  ],
  stats: readonly Stat[] = STATS,
  busConnected = true,
): Promise<string | null> {
  const rules = rogersRules({
    connections: () => connections,
    stats: (hours) => {
      const fromMs = (Math.floor(NOW / 3_600_000) - hours + 1) * 3_600_000;
      return stats.filter((row) => Date.parse(row.hour_timestamp) >= fromMs);
    },
    busConnected: () => busConnected,
    clock,
  });
  const context = {
    caller: LOCAL_CALLER,
    correlationId: 'c',
    taskId: 't',
    signal: new AbortController().signal,
  };
  for (const rule of rules) {
    const answer = await rule.answer(prompt, context);
    if (answer !== null) return answer;
  }
  return null;
}

describe('is everything up', () => {
  test.each([
    'Is everything up?',
    'is everything ok',
    'Are all MADs healthy?',
    'What is the status of the system?',
    'How is the group doing?',
    'system health',
    'Which MADs are connected?',
    'Who is online right now?',
    'Are we up and running?',
    'show me the connections',
    'Is the network fine?',
  ])('“%s”', async (prompt) => {
    const answer = await ask(prompt);
    expect(answer).toContain('Everything is up: all 2 MADs that Rogers knows are heard');
    expect(answer).toContain('- fiedler: HEALTHY, last heard 4 s ago');
  });

  test('says who is not, first', async () => {
    const answer = await ask('Is everything up?', [
      connection('fiedler', 'HEALTHY', 4),
      connection('grace', 'STALE', 75),
    ]);
    expect(answer).toContain('Not everything is up: 1 of 2 MADs is up.');
    expect(answer).toMatch(/grace: STALE, last heard 1 min 15 s ago\n- fiedler/);
  });

  test('says so when nobody has been heard yet', async () => {
    expect(await ask('Is everything up?', [])).toContain('No MAD has been heard on the bus yet.');
  });
});

describe('who is stale', () => {
  const some = [
    connection('fiedler', 'HEALTHY', 4),
    connection('grace', 'STALE', 75),
    connection('robot-7', 'DISCONNECTED', 400),
  ];
  test.each([
    'Who is stale?',
    'Which MADs are down?',
    'Is anyone offline?',
    'Is anything disconnected?',
    'Which agents are not responding?',
    'list all dead MADs',
    'Which services stopped responding?',
  ])('“%s”', async (prompt) => {
    const answer = await ask(prompt, some);
    expect(answer).toContain('2 MADs of 3 are not heard');
    expect(answer).toContain('- grace: STALE');
    expect(answer).toContain('- robot-7: DISCONNECTED');
    expect(answer).not.toContain('- fiedler');
  });

  test('says that it is nobody', async () => {
    expect(await ask('who is stale?')).toMatch(/^Nobody: all 2 MADs/);
  });
});

test.each([
  ['Is grace up?', 'grace is not up (grace: STALE'],
  ['is Fiedler alive', 'fiedler is up (fiedler: HEALTHY'],
  ['What is the status of fiedler?', 'fiedler is up'],
  ['When was grace last seen?', 'last heard 1 min 15 s ago'],
  ['Is robot-7 up?', "No MAD named 'robot-7' has been heard on the bus."],
  ['Is rogers running?', 'rogers: up, since it is Rogers who answers you.'],
])('“%s” is about one MAD', async (prompt, words) => {
  const some = [connection('fiedler', 'HEALTHY', 4), connection('grace', 'STALE', 75)];
  expect(await ask(prompt, some)).toContain(words);
});

describe('how many messages', () => {
  test.each([
    ['How many messages did fiedler send in the last hour?', 'fiedler sent 130 messages in the last hour'],
    ['How many messages did fiedler send in the last 2 hours?', 'fiedler sent 1,330 messages'],
    ['how many messages has Fiedler sent over the past three hours', 'fiedler sent 1,330 messages'],
    ['number of messages from fiedler, last 24 hours', 'fiedler sent 1,330 messages'],
    ['count the messages sent by robot-7 today', 'robot-7 sent 40 messages'],
    ["What is grace's traffic today?", 'grace sent 12 messages'],
    ['How many direct messages did fiedler send today?', 'fiedler sent 1,300 messages on mad.direct'],
    ['How many messages did nobody-9 send today?', 'nobody-9 sent 0 messages'],
    ['How many messages were sent today?', '1,382 messages today'],
    ['How many messages on mad.topic today?', '47 messages on mad.topic'],
    ['show the traffic of the last two hours', '1,382 messages in the last 2 hours'],
    ['message stats of the last 2 clock hours', '142 messages in the last 2 clock hours'],
    ['How many messages this hour?', '35 messages this hour (whole clock hours, since 2026-11-21 14:00 UTC)'],
    ['How many messages in the last 10 minutes?', '35 messages in the last 10 minutes'],
    [
      'How many messages in the last 30 minutes?',
      '142 messages in the last 30 minutes (whole clock hours, since 2026-11-21 13:00 UTC)',
    ],
    ['stats', '142 messages in the last hour'],
  ])('“%s”', async (prompt, words) => {
    expect(await ask(prompt)).toContain(words);
  });

  test('says that it knows no such sender, and from which hour on it counted', async () => {
    const answer = await ask('How many messages did nobody-9 send in the last 3 hours?');
    expect(answer).toContain('I know no sender of that name.');
    expect(answer).toContain('since 2026-11-21 11:00 UTC');
  });

  test('adds up to what was counted, whatever was counted', async () => {
    const rows = fc.array(
      fc.record({
        hour: fc.constantFrom('12', '13', '14'),
        sender: fc.constantFrom('a-1', 'b-2'),
        topic: fc.constantFrom('mad.direct', 'mad.topic'),
        total: fc.nat(1e6),
      }),
    );
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        const stats = given.map((row) => stat(row.hour, row.sender, row.topic, row.total));
        const sum = given.filter((row) => row.sender === 'a-1').reduce((all, row) => all + row.total, 0);
        const known = [connection('a-1', 'HEALTHY', 1)];
        const answer = await ask('How many messages did a-1 send in the last 3 hours?', known, stats);
        expect(answer).toContain(`a-1 sent ${sum.toLocaleString('en-US')} message`);
      }),
    );
  });
});

test.each([
  ['Which sender is busiest today?', 'The busiest sender is fiedler with 1,330 messages'],
  ['Who sends the most messages in the last hour?', 'The busiest sender is fiedler with 130 messages'],
  ['Which topic is busiest in the last 24 hours?', 'The busiest topic is mad.direct with 1,305 messages'],
  ['What is the busiest channel this hour?', 'The busiest topic is mad.stream with 30 messages'],
  ['Which hour was the busiest today?', 'The busiest hour is 2026-11-21 12:00 UTC with 1,240 messages'],
  ['top senders today', 'fiedler 1,330, robot-7 40, grace 12'],
  ['Which MAD is most active?', 'The busiest sender is fiedler with 130 messages'],
  [
    'Which sender is least busy today?',
    'The quietest sender is grace with 12 messages (grace 12, robot-7 40,',
  ],
  ['Who sends the fewest messages this hour?', 'The quietest sender is grace with 5 messages'],
  ['What is the quietest topic today?', 'The quietest topic is mad.stream with 30 messages'],
  ['Which MAD talks least?', 'The quietest sender is grace with 12 messages'],
])('“%s”', async (prompt, words) => {
  expect(await ask(prompt)).toContain(words);
});

test('the busiest of everything names sender and topic', async () => {
  const answer = await ask('What is busiest today?');
  expect(answer).toContain('The busiest sender is fiedler');
  expect(answer).toContain('The busiest topic is mad.direct');
  expect(await ask('which sender is busiest?', [], [])).toContain('I counted no message');
});

test('a MAD that said nothing is the quietest, and all that share it are named', async () => {
  const some = ['fiedler', 'x-1', 'y-2'].map((name) => connection(name, 'HEALTHY', 4));
  expect(await ask('Which MAD is least active today?', some)).toContain(
    'The quietest senders are x-1, y-2 with 0 messages each (x-1 0, y-2 0, grace 12,',
  );
});

describe('the bus itself', () => {
  test.each(['Is the bus up?', 'is the conversation bus connected', 'How is the bus?', 'bus status'])(
    '“%s”',
    async (prompt) => {
      expect(await ask(prompt)).toBe(
        'The bus is up: Rogers is connected to it. The newest message on it came 4 s ago, from fiedler.',
      );
    },
  );

  test('that is away is named as that', async () => {
    expect(await ask('Is the bus up?', [], [], false)).toContain('it has no connection to it now');
  });

  test('who is on it is another question', async () => {
    expect(await ask('Which MADs are connected to the bus?')).toContain('Everything is up');
  });
});

test('the last hour is the same hour wherever it is asked about', async () => {
  const counted = await ask('How many messages in the last hour?');
  expect(counted).toContain('142 messages in the last hour (whole clock hours, since 2026-11-21 13:00 UTC)');
  const compared = await ask('Compare the last hour with the hour before.');
  expect(compared).toContain('2026-11-21 13:00 UTC: 107 messages.');
  expect(compared).toContain('Not compared: this hour so far, 35 messages since 2026-11-21 14:00 UTC.');
});

describe('comparing two hours', () => {
  test.each([
    [
      'Compare the last hour with the hour before.',
      '1,240 messages. 2026-11-21 13:00 UTC: 107 messages. That is 1,133 fewer, 91 %.',
    ],
    [
      'compare this hour with the last one',
      '107 messages. 2026-11-21 14:00 UTC: 35 messages (this hour is not over yet).',
    ],
    [
      'What changed between 12:00 and 14:00?',
      '2026-11-21 12:00 UTC: 1,240 messages. 2026-11-21 14:00 UTC: 35 messages',
    ],
    [
      'Compare 1 am vs 2 am',
      '2026-11-21 01:00 UTC: 0 messages. 2026-11-21 02:00 UTC: 0 messages. No change.',
    ],
    ['Were there more messages in the last hour than in the hour before?', '- sender fiedler: 1,200 → 100'],
  ])('“%s”', async (prompt, words) => {
    expect(await ask(prompt)).toContain(words);
  });
});

test.each(['Write a poem about spring', 'What is 2 + 2?', ''])(
  '“%s” is not for these rules',
  async (prompt) => {
    expect(await ask(prompt)).toBeNull();
  },
);

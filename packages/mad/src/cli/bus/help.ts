import type { BusCommand } from './options.ts';

const SELECTION = `  PATTERN…            channels: mad.topic.news, a prefix as 'mad.stream.*'; all without one
  --since TIME        from then on: 30s, 10m, 2h, 1d ago, or 2026-01-31T09:05:03Z
  --until TIME        up to then, in the same words
  --after POSITION    behind a message, by the position that it carries
  --correlation ID    only what has this correlation id
  --conversation ID   only what belongs to this conversation
  --url ws://…        Grace at another address than GRACE_URL or loopback and GRACE_PORT
  --token TOKEN       bearer token (else MAD_TOKEN, ~/.config/mad/token, the group's secret)
`;

export const BUS_HELP = `mad-cli bus: the flight recorder

  mad-cli bus tail [PATTERN…]      what is said on the bus, live
  mad-cli bus export [PATTERN…]    the log, or a span of it, as JSON lines: a recording
  mad-cli bus model FILE           a model server that answers as it was answered in a recording
  mad-cli bus replay FILE          gives a recording's prompts to a group, and says whether the same
                                   came out

To see again what happened, on a machine of your own:

  mad-cli bus export --since 1h --out hour.jsonl
  mad-cli bus model hour.jsonl --port 8090 &
  DATA_DIR=$(mktemp -d) OPENAI_BASE_URL=http://127.0.0.1:8090/v1 npm start &
  mad-cli bus replay hour.jsonl

mad-cli bus COMMAND --help says more. You see what your token may see: messages that belong to
another caller are not among them, except for an admin.
`;

export const COMMAND_HELP: Readonly<Record<BusCommand, string>> = {
  tail: `mad-cli bus tail [PATTERN…]: what is said on the bus, live

A line each on a terminal (time in UTC, sender → channel, kind, text), JSON elsewhere. It begins
now, or where --since or --after say; it ends at Ctrl-C, or at --until. Over a lost connection and a
restart of Grace it goes on where it was: nothing is lost and nothing comes twice. Where the log has
lost something, a line says so.

${SELECTION}  --json              JSON on a terminal too

Ends with 0, also at Ctrl-C; 2 when called wrongly; 3 when Grace cannot be reached at its start; 4
when Grace refuses.
`,
  export: `mad-cli bus export [PATTERN…]: the log as JSON lines

All that the log has, or the span that is asked for, up to now. Beside the messages the recording
holds the tasks that they tell of, asked from their MADs with your token: the prompts came over
WebSocket or MCP and are not on the bus. A piece of the log that is gone is a line of its own.

${SELECTION}  --follow            goes on with what comes, until Ctrl-C or --until
  --out FILE          into a file, which is there when it is whole; it must not be there yet
  --no-tasks          leaves the tasks out; such a recording cannot be replayed

Ends with 0; 1 when a piece of the log is gone or a task could not be asked for (the recording is
there and says so); 2 when called wrongly; 3 when Grace cannot be reached; 4 when it could not be
made, as where Grace refuses the token or the disk is full; 130 at Ctrl-C, unless it follows: that
is how such a recording ends. Where it ends with 2 or more, FILE is not there.
`,
  model: `mad-cli bus model FILE: answers as the model answered then

An OpenAI-compatible server made of a recording alone. It finds a request's answer by the
conversation so far: the prompt, the turns before it, the rounds of tool calls. What it does not
know it refuses, and says so here. It ends at Ctrl-C. It asks nobody for a key: keep it on loopback.

  --port N            where it listens; a free port without it
  --host ADDRESS      127.0.0.1 without it
`,
  replay: `mad-cli bus replay FILE: gives a recording's prompts to a group again

The group should be a fresh one whose OPENAI_BASE_URL is that of mad-cli bus model FILE. Prompts and
clients' messages go in in their order; one that came when another had ended waits for that again.
Then what came out is compared with the recording, and the differences are printed.

  --without-results   compares which tools were asked for and not what they gave: for a group whose
                      state is another
  --timeout MS        longest wait for news of a task, 120000 where absent
  --token TOKEN       bearer token (else MAD_TOKEN, ~/.config/mad/token, the group's secret)
  --json              the outcome as JSON

Ends with 0 when it is the same, 1 when it is not; 2 when called wrongly or when FILE holds nothing
that can be replayed; 3 when a MAD cannot be reached and 4 when one refuses, so that nothing was
compared; 5 when it is the same as far as FILE goes, which is not whole: it was broken off, has a
gap, or lacks tasks that had ended. GRACE_URL, FIEDLER_URL and ROGERS_URL say where the group is;
loopback and the usual ports without them.
`,
};

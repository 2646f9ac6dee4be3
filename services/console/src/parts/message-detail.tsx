import type { Envelope } from '@mad-group/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';
import { clockTime, day, utc, ZONE } from '../format.ts';
import { usePage } from '../page.ts';
import type { Entry } from '../state/entries.ts';
import { hrefTo } from '../state/route.ts';
import { TASK_MADS, type TaskMad } from '../state/tasks.ts';
import type { ApiError } from '../wire/api.ts';
import { gapWords } from './bus-row.tsx';
import { Fact } from './fact.tsx';
import { JsonView } from './json-view.tsx';
import { Loading, Problem } from './messages.tsx';

/** One message, whole. */
export function MessageDetail({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const opener = useRef(document.activeElement);
  useEffect(() => {
    const { current } = opener;
    heading.current?.focus();
    // Back to where the reader came from.
    return () => current instanceof HTMLElement && current.focus();
  }, []);

  return (
    <aside
      class="panel detail"
      aria-labelledby="message"
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <div class="panel-head">
        <h2 id="message" ref={heading} tabIndex={-1}>
          {entry.type === 'gap' ? 'A gap' : 'Message'}
        </h2>
        <button type="button" class="small" onClick={onClose}>
          Close
        </button>
      </div>
      {entry.type === 'gap' && <p>{gapWords(entry)}.</p>}
      {entry.type === 'withheld' && (
        <p>
          {entry.senderId} said something on mad.{entry.kind} at{' '}
          <time title={utc(entry.timeMs)}>{clockTime(entry.timeMs)}</time> that belongs to another caller. Its
          owner, and who has the scope admin, may read it.
        </p>
      )}
      {entry.type === 'message' && <Content entry={entry} />}
    </aside>
  );
}

function Content({ entry }: { entry: Extract<Entry, { type: 'message' }> }) {
  const { message } = entry;
  const task = taskOf(message);
  const sentMs = Date.parse(message.timestamp) || entry.timeMs;
  return (
    <>
      <div class="actions">
        <a
          class="button primary"
          href={hrefTo('trace', [message.correlation_id], { near: String(entry.timeMs) })}
        >
          Follow this conversation
        </a>
        {task && (
          <a class="button" href={hrefTo('tasks', [task.mad, task.taskId])}>
            Its task
          </a>
        )}
        <a class="button" href={hrefTo('bus', [], { sender: message.sender_id })}>
          All of {message.sender_id}
        </a>
      </div>
      <dl class="facts is-wide">
        {ZONE !== 'UTC' && (
          <Fact name={`Time in ${ZONE}`}>
            {day(sentMs)}, {clockTime(sentMs)}
          </Fact>
        )}
        <Fact name="Time in UTC">
          <time dateTime={message.timestamp}>{utc(sentMs)}</time>
        </Fact>
        <Fact name="Sender">{message.sender_id}</Fact>
        <Fact name="Recipient">{message.recipient_id ?? 'whoever listens'}</Fact>
        <Fact name="Channel">{message.channel}</Fact>
        <Fact name="Correlation id">{message.correlation_id}</Fact>
        <Fact name="Conversation id">{message.conversation_id}</Fact>
        <Fact name="Message id">{message.message_id}</Fact>
        <Fact name="Position">{message.position}</Fact>
        {Object.entries(message.headers ?? {}).map(([name, value]) => (
          <Fact key={name} name={`Header ${name}`}>
            {value}
          </Fact>
        ))}
        {message.foreign && (
          <Fact name="Taken up">published without the log, by a first-generation client</Fact>
        )}
      </dl>
      <h3>Payload</h3>
      {message.payload === null ? (
        <WholePayload position={message.position} />
      ) : (
        <JsonView value={message.payload} />
      )}
    </>
  );
}

/** A large payload, fetched when it is looked at. */
function WholePayload({ position }: { position: string }) {
  const { console } = usePage();
  const [whole, setWhole] = useState<Envelope | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let gone = false;
    console.api.message(position).then(
      (message) => void (gone || setWhole(message)),
      (error: ApiError) => void (gone || setProblem(error.message)),
    );
    return () => {
      gone = true;
    };
  }, [console, position]);
  if (problem !== null) return <Problem words={problem} />;
  return whole === null ? <Loading what="Fetching the whole of it" /> : <JsonView value={whole.payload} />;
}

/** The task that a message is about, where it is one of ours. */
function taskOf(message: {
  channel: string;
  sender_id: string;
  payload: Record<string, unknown> | null;
}): { mad: TaskMad; taskId: string } | null {
  const mad = TASK_MADS.find((name) => name === message.sender_id);
  const named = message.payload?.task_id;
  const taskId = message.channel.startsWith('mad.stream.')
    ? message.channel.slice('mad.stream.'.length)
    : typeof named === 'string'
      ? named
      : null;
  return mad && taskId ? { mad, taskId } : null;
}

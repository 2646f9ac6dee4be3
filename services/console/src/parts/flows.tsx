import { clockSecond, count } from '../format.ts';
import { usePage } from '../page.ts';
import { hrefTo } from '../state/route.ts';
import { CONSOLE_READ_PREFIX, type Flow } from '../state/traffic.ts';
import { Empty } from './messages.tsx';

const MAX_ROWS = 12;
const WORDS: Readonly<Record<string, string>> = {
  stream: 'task streams',
  system: 'heartbeats',
  other: 'other channels',
};

/** What the picture shows, in words and numbers. */
export function Flows({ flows, isPast }: { flows: readonly Flow[]; isPast: boolean }) {
  const { console } = usePage();
  const rows = flows.slice(0, MAX_ROWS);
  const most = rows[0]?.count ?? 1;
  return (
    <section class="panel" aria-labelledby="flows">
      <h2 id="flows">
        {isPast
          ? `Flows of the minute until ${clockSecond(console.heardAt.value)}, when last heard`
          : 'Flows of the last minute'}
      </h2>
      {rows.length === 0 ? (
        <Empty title="Quiet for a minute">
          A MAD says a word every 15 seconds; one that runs will be seen here.
        </Empty>
      ) : (
        <table class="flows">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col" class="number">
                Messages
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ sender, target, direct, to, forConsole, count: messages }) => (
              <tr key={`${sender} ${to} ${forConsole}`}>
                <td>
                  <a href={hrefTo('bus', [], { sender })}>{sender}</a>
                </td>
                <td>
                  <a
                    href={hrefTo('bus', [], { sender, to, ...(forConsole && { text: CONSOLE_READ_PREFIX }) })}
                  >
                    {direct ? target : (WORDS[target] ?? target)}
                    <span class="hidden"> from {sender}</span>
                  </a>
                  {forConsole && <span class="hint">, for a console</span>}
                </td>
                <td class="number">
                  <div class="bar">
                    <meter min={0} max={most} value={messages} aria-hidden="true" />
                    <span>{count(messages)}</span>
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {flows.length > MAX_ROWS && <p class="hint">and {count(flows.length - MAX_ROWS)} smaller ones</p>}
    </section>
  );
}
